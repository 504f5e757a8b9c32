import type { RandomStream, Triple } from '@crln/core';
import { type Reorientation, rearrange } from '../orientation.js';
import { checkOptions, checkRecord, type Field, type FieldsOf, field, oneOf } from './fields.js';
import { checkSample, checkShape, type Sample } from './sample.js';
import type { Transform } from './transform.js';

/** Two of the axes 0, 1, 2; turns go from the first to the second. */
export type Plane = readonly [number, number];

/** Quarter turns in a plane. */
export interface Rot90Record {
  readonly type: 'rot90';
  readonly k: 0 | 1 | 2 | 3;
  readonly plane: Plane;
}

export interface Rot90Options {
  /** One of these is drawn. Default [[0, 1]]. */
  planes?: readonly Plane[];
  /** Leaves out turns that would change the shape. Default true. */
  keepShape?: boolean;
}

const FIELDS: FieldsOf<Rot90Record> = { k: oneOf(0, 1, 2, 3), plane: field.plane };
const planes: Field = {
  expected: `a list of at least one plane, each ${field.plane.expected}`,
  holds: (value) => Array.isArray(value) && value.length > 0 && value.every(field.plane.holds),
};

/** Draws a plane, then the number of turns. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawRot90(rng: RandomStream, shape: Triple, options: Rot90Options = {}): Rot90Record {
  checkShape(shape, 'drawRot90');
  checkOptions(options, { planes, keepShape: field.boolean }, 'drawRot90');
  const choices = options.planes ?? [[0, 1]];
  const [a, b] = choices[rng.integer(choices.length)]!;
  const even = (options.keepShape ?? true) && shape[a] !== shape[b];
  const k = even ? 2 * rng.integer(2) : rng.integer(4);
  return { type: 'rot90', k: k as Rot90Record['k'], plane: [a, b] };
}

function turnOf({ k, plane: [a, b] }: Rot90Record): Reorientation {
  const axes: Triple = [0, 1, 2];
  const flips: [boolean, boolean, boolean] = [false, false, false];
  if (k % 2 === 1) {
    axes[a] = b;
    axes[b] = a;
  }
  // One turn: out[x, y] = in[y, n − 1 − x].
  flips[a] = k === 1 || k === 2;
  flips[b] = k === 2 || k === 3;
  return { axes, flips };
}

const shapeAfter = (shape: Triple, record: Rot90Record): Triple =>
  turnOf(record).axes.map((axis) => shape[axis]) as Triple;

/** `np.rot90(x, k, plane)`. */
export function applyRot90(sample: Sample, record: Rot90Record): Sample {
  checkSample(sample, 'applyRot90');
  checkRecord(record, 'rot90', FIELDS);
  const { image, label, shape } = sample;
  const turn = turnOf(record);
  return {
    image: rearrange(image, shape, turn),
    ...(label && { label: rearrange(label, shape, turn) }),
    shape: shapeAfter(shape, record),
  };
}

export const rot90: Transform<Rot90Record, Rot90Options> = {
  fields: FIELDS,
  draw: drawRot90,
  apply: applyRot90,
  shape: shapeAfter,
};
