import type { RandomStream, Triple } from '@crln/core';
import { rearrange } from '../orientation.js';
import { checkOptions, checkRecord, type FieldsOf, field } from './fields.js';
import { checkSample, checkShape, type Sample } from './sample.js';
import type { Transform } from './transform.js';

/** Axes turned back to front. */
export interface FlipRecord {
  readonly type: 'flip';
  readonly axes: readonly number[];
}

export interface FlipOptions {
  /** Axes that may be flipped. Default all three. */
  axes?: readonly number[];
  /** Probability of each. Default ½. */
  eachAxis?: number;
}

const FIELDS: FieldsOf<FlipRecord> = { axes: field.axes };

/** Draws which axes are flipped. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawFlip(rng: RandomStream, shape: Triple, options: FlipOptions = {}): FlipRecord {
  checkShape(shape, 'drawFlip');
  checkOptions(options, { axes: field.axes, eachAxis: field.probability }, 'drawFlip');
  const { axes = [0, 1, 2], eachAxis = 0.5 } = options;
  return { type: 'flip', axes: axes.filter(() => rng.bernoulli(eachAxis)) };
}

/** out[i, …] = in[n − 1 − i, …] along each of the axes. */
export function applyFlip(sample: Sample, record: FlipRecord): Sample {
  checkSample(sample, 'applyFlip');
  checkRecord(record, 'flip', FIELDS);
  const { image, label, shape } = sample;
  const flips = [0, 1, 2].map((axis) => record.axes.includes(axis)) as [boolean, boolean, boolean];
  const turn = { axes: [0, 1, 2] as Triple, flips };
  return {
    image: rearrange(image, shape, turn),
    ...(label && { label: rearrange(label, shape, turn) }),
    shape: [...shape],
  };
}

export const flip: Transform<FlipRecord, FlipOptions> = { fields: FIELDS, draw: drawFlip, apply: applyFlip };
