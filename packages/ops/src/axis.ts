import type { Pads3d, Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';

/** [D, H, W] of a channels-last volume. */
export const spatial = (shape: readonly number[]): Triple => shape.slice(1, 4) as Triple;

/** [product of the sizes before `axis`, size, product of the sizes after]. */
export function around(shape: readonly number[], axis: number): [number, number, number] {
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)), shape[axis] as number, product(shape.slice(axis + 1))];
}

/** A shape with another size on one axis. */
export const withSize = (shape: readonly number[], axis: number, size: number): number[] =>
  shape.map((n, a) => (a === axis ? size : n));

/** Puts `step − 1` zeros between the entries of an axis: n → (n − 1)·step + 1. */
export function spread(x: tf.Tensor, axis: number, step: number): tf.Tensor {
  if (step === 1) return x;
  const [outer, n, inner] = around(x.shape, axis);
  const padded = tf.pad(tf.reshape(x, [outer, n, 1, inner]), [
    [0, 0],
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  const size = (n - 1) * step + 1;
  const cut = tf.slice(tf.reshape(padded, [outer, n * step, inner]), [0, 0, 0], [outer, size, inner]);
  return tf.reshape(cut, withSize(x.shape, axis, size));
}

/** Every `step`-th entry of an axis from its first on, `count` of them. Slices and reshapes only: tf.stridedSlice has no gradient. */
export function thin(x: tf.Tensor, axis: number, step: number, count: number): tf.Tensor {
  const [outer, n, inner] = around(x.shape, axis);
  if (step === 1 && n === count) return x;
  const wanted = count * step;
  const flat = tf.reshape(x, [outer, n, inner]);
  const whole =
    n >= wanted
      ? tf.slice(flat, [0, 0, 0], [outer, wanted, inner])
      : tf.pad(flat, [
          [0, 0],
          [0, wanted - n],
          [0, 0],
        ]);
  const taken = tf.slice(tf.reshape(whole, [outer, count, step, inner]), [0, 0, 0, 0], [outer, count, 1, inner]);
  return tf.reshape(taken, withSize(x.shape, axis, count));
}

/** {@link spread} over several axes. */
export const spreadAll = (x: tf.Tensor, axes: readonly number[], steps: readonly number[]): tf.Tensor =>
  axes.reduce((y, axis, i) => spread(y, axis, steps[i] as number), x);

/** {@link thin} over several axes. */
export const thinAll = (
  x: tf.Tensor,
  axes: readonly number[],
  steps: readonly number[],
  counts: readonly number[],
): tf.Tensor => axes.reduce((y, axis, i) => thin(y, axis, steps[i] as number, counts[i] as number), x);

/** Adds voxels around D, H, W of `[N, D, H, W, C]` (or `[N, D, H, W]`). */
export function padSpace(x: tf.Tensor, pads: Pads3d, value = 0): tf.Tensor {
  if (pads.flat().every((p) => p === 0)) return x;
  const all: [number, number][] = [[0, 0], ...pads];
  while (all.length < x.rank) all.push([0, 0]);
  return tf.pad(x, all, value);
}

/** Takes the box `[begin, begin + size)` of D, H, W. */
export function cropSpace(x: tf.Tensor, begin: Triple, size: Triple): tf.Tensor {
  if (size.every((n, a) => n === x.shape[a + 1])) return x;
  const rest = x.shape.slice(4);
  return tf.slice(x, [0, ...begin, ...rest.map(() => 0)], [x.shape[0] as number, ...size, ...rest]);
}

/** All positions in a box of D, H, W, last axis fastest. */
export function positions(size: Triple): Triple[] {
  const out: Triple[] = [];
  for (let d = 0; d < size[0]; d++)
    for (let h = 0; h < size[1]; h++) for (let w = 0; w < size[2]; w++) out.push([d, h, w]);
  return out;
}
