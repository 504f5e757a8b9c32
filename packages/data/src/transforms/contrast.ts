import type { RandomStream, Triple } from '@crln/core';
import { valueRange } from '../augment/intensity.js';
import { checkOptions, checkRecord, type FieldsOf, field, numberFrom, rangeFrom } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import { finiteMoments } from './statistics.js';
import type { Transform } from './transform.js';

/** (x − mean)·factor + mean, clipped to the range that the image had where asked. */
export interface ContrastRecord {
  readonly type: 'contrast';
  readonly factor: number;
  readonly keepRange: boolean;
}

export interface ContrastOptions {
  /** Default [0.75, 1.25]. */
  factor?: readonly [number, number];
  /** Default true. */
  keepRange?: boolean;
}

const FIELDS: FieldsOf<ContrastRecord> = { factor: numberFrom(0), keepRange: field.boolean };

/** Draws the factor uniformly. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawContrast(rng: RandomStream, _shape: Triple, options: ContrastOptions = {}): ContrastRecord {
  checkOptions(options, { factor: rangeFrom(0), keepRange: field.boolean }, 'drawContrast');
  const { factor = [0.75, 1.25], keepRange = true } = options;
  return { type: 'contrast', factor: rng.range(...factor), keepRange };
}

/** (x − mean)·factor + mean. @throws `CrlnError` `not-finite` for an image with NaN or infinite voxels */
export function applyContrast(sample: Sample, record: ContrastRecord): Sample {
  checkSample(sample, 'applyContrast');
  checkRecord(record, 'contrast', FIELDS);
  const image = sample.image.slice();
  const { mean } = finiteMoments(image, 'applyContrast');
  const [low, high] = record.keepRange ? valueRange(image) : [-Infinity, Infinity];
  for (let n = 0; n < image.length; n++) {
    image[n] = Math.min(Math.max((image[n]! - mean) * record.factor + mean, low), high);
  }
  return withImage(sample, image);
}

export const contrast: Transform<ContrastRecord, ContrastOptions> = {
  fields: FIELDS,
  draw: drawContrast,
  apply: applyContrast,
};
