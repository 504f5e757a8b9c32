import { CrlnError, type RandomStream, type Triple } from '@crln/core';
import { OUTSIDES, type Outside } from '../boundary.js';
import { checkOptions, checkRecord, type FieldsOf, field, oneOf } from './fields.js';
import { axisMap, gatherAxes } from './gather.js';
import { checkSample, checkShape, type Sample, voxelsOf } from './sample.js';
import type { Transform } from './transform.js';

/** Voxels added around. */
export interface PadRecord {
  readonly type: 'pad';
  /** How many before the first voxel of each axis. */
  readonly before: Triple;
  /** How many after the last. */
  readonly after: Triple;
  readonly outside: Outside;
  /** Of the image's new voxels where `outside` is `'constant'`. */
  readonly value: number;
  /** Of the label's. */
  readonly labelValue: number;
}

export interface PadOptions {
  /** Smallest size wanted; an axis that has it is left alone. Half of what lacks goes before, ⌈half⌉ after. */
  size: Triple;
  /** Default `'constant'`. */
  outside?: Outside;
  /** Default 0. */
  value?: number;
  /** Default 0. */
  labelValue?: number;
}

const outside = { outside: oneOf(...OUTSIDES), value: field.number, labelValue: field.classIndex };
const FIELDS: FieldsOf<PadRecord> = { before: field.position, after: field.position, ...outside };
const MOST_VOXELS = 2 ** 31 - 1;

const shapeAfter = (shape: Triple, { before, after }: PadRecord): Triple =>
  shape.map((n, axis) => before[axis]! + n + after[axis]!) as Triple;

/** The padding that brings a volume of `shape` to a size. @throws `CrlnError` `invalid-shape`, `invalid-option`, `unknown-option` */
export function padTo(shape: Triple, options: PadOptions): PadRecord {
  checkShape(shape, 'padTo');
  checkOptions(options, { size: field.sides, ...outside }, 'padTo', ['size']);
  const { size, outside: beyond = 'constant', value = 0, labelValue = 0 } = options;
  const lack = shape.map((n, axis) => Math.max(size[axis]! - n, 0));
  const before = lack.map((n) => Math.floor(n / 2)) as Triple;
  const after = lack.map((n, axis) => n - before[axis]!) as Triple;
  return { type: 'pad', before, after, outside: beyond, value, labelValue };
}

/** Adds the voxels, as `numpy.pad` (`'constant'`, `'edge'`, `'reflect'`, `'symmetric'` there). @throws `CrlnError` `invalid-shape` beyond 2³¹ − 1 voxels */
export function applyPad(sample: Sample, record: PadRecord): Sample {
  checkSample(sample, 'applyPad');
  checkRecord(record, 'pad', FIELDS);
  const shape = shapeAfter(sample.shape, record);
  if (voxelsOf(shape) > MOST_VOXELS) {
    throw new CrlnError('invalid-shape', `pad: [${shape}] has more than ${MOST_VOXELS} voxels`, { shape });
  }
  const maps = shape.map((n, axis) => axisMap(sample.shape[axis]!, -record.before[axis]!, n, record.outside));
  return {
    image: gatherAxes(sample.image, sample.shape, maps, record.value),
    ...(sample.label && { label: gatherAxes(sample.label, sample.shape, maps, record.labelValue) }),
    shape,
  };
}

export const pad: Transform<PadRecord, PadOptions> = {
  fields: FIELDS,
  draw: (_: RandomStream, shape, options) => padTo(shape, options),
  apply: applyPad,
  shape: shapeAfter,
};
