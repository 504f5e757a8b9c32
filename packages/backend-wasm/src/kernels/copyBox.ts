import type { Numbers } from '../backend.js';
import { engine } from '../engine.js';
import { unitCount } from '../units.js';
import { describe, strides, walk } from './walk.js';

/** A box in memory: where it begins, and how many elements a step along each of its axes is (0: repeated). */
interface Side {
  at: number;
  steps: readonly number[];
}

/** Copies a box of `size` elements, which may repeat what it reads. Slicing, padding, joining and repeating are made of it. */
export function copyBox(from: Side, to: Side, size: readonly number[], elementBytes: number): void {
  const axes = walk(size, from.steps, to.steps);
  const count = axes.reduce((product, axis) => product * axis.size, 1);
  if (count === 0) return;
  const table = describe(axes, { kernel: 'copyBox', shape: size });
  const units = unitCount(count);
  engine().run('copyBox', units, from.at, to.at, elementBytes, table, axes.length, count, units);
}

/** The side of a box that begins at `begin` (the origin where left out) in an array of `shape`. */
export function inside(values: Numbers, shape: readonly number[], begin?: readonly number[]): Side {
  const steps = strides(shape);
  const first = begin ? begin.reduce((sum, position, i) => sum + position * steps[i]!, 0) : 0;
  return { at: values.byteOffset + first * values.BYTES_PER_ELEMENT, steps };
}
