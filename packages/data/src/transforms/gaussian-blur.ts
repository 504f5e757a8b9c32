import type { RandomStream, Triple } from '@crln/core';
import { foldPosition } from '../boundary.js';
import { aroundAxis, mapLines } from '../lines.js';
import { checkOptions, checkRecord, type Field, type FieldsOf, field, rangeFrom } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import type { Transform } from './transform.js';

/** Convolution with a Gaussian. */
export interface GaussianBlurRecord {
  readonly type: 'gaussianBlur';
  /** Standard deviation along axes 0, 1, 2, in voxels; 0 leaves an axis alone. */
  readonly sigma: Triple;
}

export interface GaussianBlurOptions {
  /** Default [0.5, 1]. */
  sigma?: readonly [number, number];
  /** One sigma for the three axes. Default false. */
  sameSigma?: boolean;
}

/** Where the kernel ends, in standard deviations. */
const TRUNCATE = 4;
const MOST_SIGMA = 1000;
const FIELDS: FieldsOf<GaussianBlurRecord> = {
  sigma: within({ ...field.deviations, expected: `three numbers from 0 to ${MOST_SIGMA}` }),
};

/** No longer kernels than that: a number by mistake must not keep a worker for hours. */
function within(what: Field): Field {
  return { ...what, holds: (value) => what.holds(value) && (value as number[]).every((sigma) => sigma <= MOST_SIGMA) };
}

/** Draws sigma uniformly. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawGaussianBlur(
  rng: RandomStream,
  _shape: Triple,
  options: GaussianBlurOptions = {},
): GaussianBlurRecord {
  const sigmas = within({ ...rangeFrom(0), expected: `[low, high] with 0 <= low <= high <= ${MOST_SIGMA}` });
  checkOptions(options, { sigma: sigmas, sameSigma: field.boolean }, 'drawGaussianBlur');
  const { sigma = [0.5, 1], sameSigma = false } = options;
  const drawn = [0, 1, 2].map(() => rng.range(...sigma)) as Triple;
  return { type: 'gaussianBlur', sigma: sameSigma ? [drawn[0], drawn[0], drawn[0]] : drawn };
}

/** exp(−x²/2σ²) for x = −r … r with r = ⌊4σ + ½⌋, of sum 1. */
function kernel(sigma: number): Float64Array {
  const radius = Math.floor(TRUNCATE * sigma + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, n) =>
    Math.exp(-((n - radius) ** 2) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function blurAxis(image: Float32Array, shape: Triple, axis: number, sigma: number): Float32Array {
  const weights = kernel(sigma);
  const radius = weights.length >> 1;
  const n = shape[axis]!;
  const taps = Int32Array.from({ length: n + 2 * radius }, (_, at) => foldPosition(at - radius, n, 'reflect'));
  return mapLines(image, aroundAxis(shape, axis), n, (from, to, width) => {
    to.fill(0);
    for (let k = 0; k < n; k++) {
      for (let tap = 0; tap < weights.length; tap++) {
        const weight = weights[tap]!;
        const source = taps[k + tap]! * width;
        for (let q = 0; q < width; q++) to[k * width + q]! += weight * from[source + q]!;
      }
    }
  });
}

/** Blurs axis after axis, as `scipy.ndimage.gaussian_filter` (4 standard deviations, reflected outside). */
export function applyGaussianBlur(sample: Sample, record: GaussianBlurRecord): Sample {
  checkSample(sample, 'applyGaussianBlur');
  checkRecord(record, 'gaussianBlur', FIELDS);
  let { image } = sample;
  for (const [axis, sigma] of record.sigma.entries()) {
    if (Math.floor(TRUNCATE * sigma + 0.5) > 0) image = blurAxis(image, sample.shape, axis, sigma);
  }
  return withImage(sample, image);
}

export const gaussianBlur: Transform<GaussianBlurRecord, GaussianBlurOptions> = {
  fields: FIELDS,
  draw: drawGaussianBlur,
  apply: applyGaussianBlur,
};
