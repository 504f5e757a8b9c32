import type { RandomStream, Triple } from '@crln/core';
import { brighten } from '../augment/intensity.js';
import { checkOptions, checkRecord, type FieldsOf, field, rangeFrom } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import type { Transform } from './transform.js';

/** x·factor + shift, clipped to [0, 1] where asked. */
export interface BrightnessRecord {
  readonly type: 'brightness';
  readonly factor: number;
  readonly shift: number;
  readonly clip: boolean;
}

export interface BrightnessOptions {
  /** Default [0.75, 1.25]. */
  factor?: readonly [number, number];
  /** Default [0, 0]. */
  shift?: readonly [number, number];
  /** For images scaled to [0, 1]. Default false. */
  clip?: boolean;
}

const FIELDS: FieldsOf<BrightnessRecord> = { factor: field.number, shift: field.number, clip: field.boolean };

/** Draws factor and shift uniformly. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawBrightness(rng: RandomStream, _shape: Triple, options: BrightnessOptions = {}): BrightnessRecord {
  const any = rangeFrom(-Infinity);
  checkOptions(options, { factor: any, shift: any, clip: field.boolean }, 'drawBrightness');
  const { factor = [0.75, 1.25], shift = [0, 0], clip = false } = options;
  return { type: 'brightness', factor: rng.range(...factor), shift: rng.range(...shift), clip };
}

/** x·factor + shift, clipped to [0, 1] where asked. */
export function applyBrightness(sample: Sample, record: BrightnessRecord): Sample {
  checkSample(sample, 'applyBrightness');
  checkRecord(record, 'brightness', FIELDS);
  const image = sample.image.slice();
  brighten(image, record.factor, record.clip, record.shift);
  return withImage(sample, image);
}

export const brightness: Transform<BrightnessRecord, BrightnessOptions> = {
  fields: FIELDS,
  draw: drawBrightness,
  apply: applyBrightness,
};
