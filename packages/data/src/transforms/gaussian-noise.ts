import { type RandomStream, stream, type Triple } from '@crln/core';
import { addNoise } from '../augment/intensity.js';
import { checkOptions, checkRecord, type FieldsOf, field, numberFrom, orNull, rangeFrom } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import type { Transform } from './transform.js';

/** x + clip(N(0, sigma²), ±clip). */
export interface GaussianNoiseRecord {
  readonly type: 'gaussianNoise';
  readonly sigma: number;
  /** null = not clipped. */
  readonly clip: number | null;
  /** The noise is drawn from `stream(seed, 'noise')`. */
  readonly seed: number;
}

export interface GaussianNoiseOptions {
  /** Default [0, 0.1]. */
  sigma?: readonly [number, number];
  /** Default null. */
  clip?: number | null;
}

const clip = orNull(numberFrom(0));
const FIELDS: FieldsOf<GaussianNoiseRecord> = { sigma: numberFrom(0), clip, seed: field.seed };

/** Draws sigma uniformly, and a seed. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawGaussianNoise(
  rng: RandomStream,
  _shape: Triple,
  options: GaussianNoiseOptions = {},
): GaussianNoiseRecord {
  checkOptions(options, { sigma: rangeFrom(0), clip }, 'drawGaussianNoise');
  const { sigma = [0, 0.1], clip: most = null } = options;
  return { type: 'gaussianNoise', sigma: rng.range(...sigma), clip: most, seed: rng.seed() };
}

/** x + clip(N(0, sigma²), ±clip), the same for the same record. */
export function applyGaussianNoise(sample: Sample, record: GaussianNoiseRecord): Sample {
  checkSample(sample, 'applyGaussianNoise');
  checkRecord(record, 'gaussianNoise', FIELDS);
  const image = sample.image.slice();
  addNoise(image, record.sigma, record.clip ?? Infinity, stream(record.seed, 'noise'));
  return withImage(sample, image);
}

export const gaussianNoise: Transform<GaussianNoiseRecord, GaussianNoiseOptions> = {
  fields: FIELDS,
  draw: drawGaussianNoise,
  apply: applyGaussianNoise,
};
