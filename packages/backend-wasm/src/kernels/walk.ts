import { engine } from '../engine.js';
import type { Purpose } from '../heap.js';

/** An axis of a box: its size, and how many elements a step along it is in the source and in the target. */
export interface Axis {
  size: number;
  from: number;
  to: number;
}

/** Elements between neighbours along each axis of an array. */
export function strides(shape: readonly number[]): number[] {
  const steps = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    steps[i] = step;
    step *= shape[i]!;
  }
  return steps;
}

/**
 * The axes along which a box is walked, innermost first and at least one: neighbours along which both sides move as along one axis
 * are merged, so that most boxes end in few.
 */
export function walk(size: readonly number[], from: readonly number[], to: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  let inner: Axis | undefined;
  for (let i = size.length - 1; i >= 0; i--) {
    if (size[i] === 1) continue;
    if (inner && from[i] === inner.from * inner.size && to[i] === inner.to * inner.size) inner.size *= size[i]!;
    else {
      inner = { size: size[i]!, from: from[i]!, to: to[i]! };
      axes.push(inner);
    }
  }
  if (!inner) axes.push({ size: 1, from: 1, to: 1 });
  return axes;
}

/** Writes axes, after some words of a kernel's own, where kernels find them. Returns the place. */
export function describe(axes: readonly Axis[], purpose: Purpose, ...words: number[]): number {
  return engine().heap.putInts([...words, ...axes.flatMap(({ size, from, to }) => [size, from, to])], purpose);
}
