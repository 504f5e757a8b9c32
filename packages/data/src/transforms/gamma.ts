import type { RandomStream, Triple } from '@crln/core';
import { valueRange } from '../augment/intensity.js';
import { isFlat } from '../normalise.js';
import { checkOptions, checkRecord, type FieldsOf, field, numberFrom, rangeFrom } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import { finiteMoments } from './statistics.js';
import type { Transform } from './transform.js';

/** A power of the image scaled to [0, 1], scaled back. */
export interface GammaRecord {
  readonly type: 'gamma';
  readonly gamma: number;
  /** Of 1 − x in place of x. */
  readonly invert: boolean;
  /** Gives the result the mean and the deviation that the image had, in place of its range. */
  readonly keepStatistics: boolean;
}

export interface GammaOptions {
  /** Default [0.7, 1.5]. */
  gamma?: readonly [number, number];
  /** Probability of an inverted one. Default 0. */
  invert?: number;
  /** Default false. */
  keepStatistics?: boolean;
}

const FIELDS: FieldsOf<GammaRecord> = {
  gamma: numberFrom(0, true),
  invert: field.boolean,
  keepStatistics: field.boolean,
};

/** Draws gamma uniformly. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawGamma(rng: RandomStream, _shape: Triple, options: GammaOptions = {}): GammaRecord {
  checkOptions(
    options,
    { gamma: rangeFrom(0, true), invert: field.probability, keepStatistics: field.boolean },
    'drawGamma',
  );
  const { gamma = [0.7, 1.5], invert = 0, keepStatistics = false } = options;
  return { type: 'gamma', gamma: rng.range(...gamma), invert: rng.bernoulli(invert), keepStatistics };
}

/**
 * min + (max − min)·((x − min)/(max − min))^gamma; inverted, max − (max − min)·((max − x)/(max − min))^gamma. A constant image stays as it
 * is.
 *
 * @throws `CrlnError` `not-finite` for an image with NaN or infinite voxels
 */
export function applyGamma(sample: Sample, record: GammaRecord): Sample {
  checkSample(sample, 'applyGamma');
  checkRecord(record, 'gamma', FIELDS);
  const image = sample.image.slice();
  const before = finiteMoments(image, 'applyGamma');
  const [low, high] = valueRange(image);
  const range = high - low;
  if (isFlat(range, low)) return withImage(sample, image);
  const { gamma, invert, keepStatistics } = record;
  for (let n = 0; n < image.length; n++) {
    const x = (image[n]! - low) / range;
    image[n] = low + range * (invert ? 1 - (1 - x) ** gamma : x ** gamma);
  }
  if (keepStatistics) {
    const { mean, deviation } = finiteMoments(image, 'applyGamma');
    const scale = isFlat(deviation, mean) ? 0 : before.deviation / deviation;
    for (let n = 0; n < image.length; n++) image[n] = (image[n]! - mean) * scale + before.mean;
  }
  return withImage(sample, image);
}

export const gamma: Transform<GammaRecord, GammaOptions> = { fields: FIELDS, draw: drawGamma, apply: applyGamma };
