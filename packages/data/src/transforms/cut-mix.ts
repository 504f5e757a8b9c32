import { CrlnError, type RandomStream, type Triple } from '@crln/core';
import { drawSide } from '../augment/cutmix.js';
import { pasteBox } from '../box.js';
import { checkOptions, checkRecord, type Field, type FieldsOf, field, wholeFrom } from './fields.js';
import { checkPair, checkShape, type Sample } from './sample.js';

/** A box of one sample that is filled from another. A side may be 0: nothing is mixed. */
export interface CutMixRecord {
  readonly type: 'cutMix';
  readonly start: Triple;
  readonly size: Triple;
}

export interface CutMixOptions {
  /** λ, the share that is kept, is drawn from Beta(alpha, alpha). A whole number; default 4. */
  alpha?: number;
  /** Axes that the box is cut along; it takes the others whole. Default [0, 1]. */
  axes?: readonly number[];
}

const FIELDS: FieldsOf<CutMixRecord> = { start: field.position, size: field.position };
const axes: Field = {
  expected: `${field.axes.expected}, not empty`,
  holds: (value) => field.axes.holds(value) && (value as number[]).length > 0,
};

/**
 * Draws a box: side n·(1 − λ)^(1/axes) about a centre uniform in [⌊n/8⌋, n), clipped to the volume: the rule of `strongPlan`.
 *
 * @throws `CrlnError` `invalid-option`, `unknown-option`
 */
export function drawCutMix(rng: RandomStream, shape: Triple, options: CutMixOptions = {}): CutMixRecord {
  checkShape(shape, 'drawCutMix');
  checkOptions(options, { alpha: wholeFrom(1, 1000), axes }, 'drawCutMix');
  const { alpha = 4, axes: along = [0, 1] } = options;
  const ratio = (1 - rng.beta(alpha, alpha)) ** (1 / along.length);
  const start: Triple = [0, 0, 0];
  const size: Triple = [...shape];
  for (const axis of along) {
    const [first, end] = drawSide(shape[axis]!, ratio, rng);
    start[axis] = first;
    size[axis] = end - first;
  }
  return { type: 'cutMix', start, size };
}

/** @throws `CrlnError` `invalid-shape` where a box leaves the volume */
export function checkBox(shape: Triple, { type, start, size }: { type: string; start: Triple; size: Triple }): void {
  if (shape.every((n, axis) => start[axis]! + size[axis]! <= n)) return;
  throw new CrlnError(
    'invalid-shape',
    `${type}: a box of [${size}] at [${start}] does not lie in samples of [${shape}]`,
    {
      start,
      size,
      shape,
    },
  );
}

/** One sample with a box of another in it: image, and label where both have one. Neither is changed. */
export function pasted(to: Sample, from: Sample, box: { start: Triple; size: Triple }): Sample {
  const image = to.image.slice();
  pasteBox(image, from.image, to.shape, box);
  if (!to.label || !from.label) return { image, shape: [...to.shape] };
  const label = to.label.slice();
  pasteBox(label, from.label, to.shape, box);
  return { image, label, shape: [...to.shape] };
}

/**
 * `sample` with the box taken from `partner`: image, and label where both have one (else the result has none).
 *
 * @throws `CrlnError` `invalid-shape` where the shapes differ or the box leaves them
 */
export function applyCutMix(sample: Sample, partner: Sample, record: CutMixRecord): Sample {
  checkPair(sample, partner, 'applyCutMix');
  checkRecord(record, 'cutMix', FIELDS);
  checkBox(sample.shape, record);
  return pasted(sample, partner, record);
}
