import { CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from './checks.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';
import { movesVoxels } from './moves.js';

/**
 * Picks rows: y[k] = x[indices[k]]. The gradient adds up the rows that were picked more than once.
 *
 * @param x [V, R]
 * @param indices [K] int32 in 0 … V − 1.
 * @returns [K, R]
 * @throws CrlnError `invalid-shape`
 */
export function gatherRows(x: tf.Tensor, indices: tf.Tensor): tf.Tensor2D {
  expectShape(x, 'x', ['V', 'R']);
  expectShape(indices, 'indices', ['K']);
  if (x.dtype !== 'float32') return tf.gather(x, indices) as tf.Tensor2D;
  return differentiable('gatherRows', {
    inputs: { x },
    forward: (save) => {
      save([indices]);
      return [tf.gather(x, indices)];
    },
    gradient: ([dy], [indices]) => ({ x: () => scatterRows(dy!, indices!, x.shape[0] as number) }),
  })[0] as tf.Tensor2D;
}

/** [K, R] → [rows, R], rows of the same index added up. */
function scatterRows(values: tf.Tensor, indices: tf.Tensor, rows: number): tf.Tensor {
  if (hasKernel(KERNELS.ScatterRows)) return runKernel(KERNELS.ScatterRows, { values, indices }, { rows })[0]!;
  return tf.scatterND(tf.reshape(indices, [-1, 1]), values, [rows, values.shape[1] as number] as never);
}

/**
 * Moves voxels: output voxel v takes the source voxel `index[v]` of the whole batch, or `fill` where `index[v]` is −1. With `geometryIndex(plan)` of
 * `@crln/data` it applies an augmentation's geometry to labels and confidence on the backend. Float tensors are differentiable.
 *
 * @param x [N, D, H, W] or [N, D, H, W, C], float32 or int32
 * @param index Flat source voxel of each output voxel, N·D·H·W of them.
 * @returns As x.
 * @throws CrlnError `invalid-shape`
 */
export function gatherVoxels<T extends tf.Tensor>(x: T, index: tf.Tensor | Int32Array, fill = 0): T {
  const voxels = index instanceof Int32Array ? index.length : index.size;
  const expected = x.shape.slice(0, 4).reduce((a, b) => a * b, 1);
  if ((x.rank !== 4 && x.rank !== 5) || voxels !== expected) {
    throw new CrlnError(
      'invalid-shape',
      `gatherVoxels: expected x [N, D, H, W] or [N, D, H, W, C] and an index of N·D·H·W, got [${x.shape}] and ${voxels}`,
      { shape: x.shape, voxels },
    );
  }
  return tf.tidy(() => {
    const flat = index instanceof Int32Array ? tf.tensor1d(index, 'int32') : tf.reshape(index, [-1]);
    if (movesVoxels(x)) return movedVoxels(x, flat, fill);
    const { row, inside } = insideRows(flat, x.dtype);
    const picked = gatherRows(tf.reshape(x, [voxels, -1]), row);
    const filler = tf.mul(tf.sub(tf.scalar(1, x.dtype), inside), tf.scalar(fill, x.dtype));
    return tf.reshape(tf.add(tf.mul(picked, inside), filler), x.shape) as T;
  });
}

/** By the kernel of the backend. */
function movedVoxels<T extends tf.Tensor>(x: T, index: tf.Tensor, fill: number): T {
  const forward = () => runKernel(KERNELS.GatherVoxels, { x, index }, { fill });
  if (x.dtype !== 'float32') return forward()[0] as T;
  return differentiable('gatherVoxels', {
    inputs: { x },
    forward: (save) => {
      save([index]);
      return forward();
    },
    gradient: ([dy], [index]) => ({
      x: () => {
        const { row, inside } = insideRows(index!, 'float32');
        const rows = tf.mul(tf.reshape(dy!, [row.size, -1]), inside);
        return tf.reshape(scatterRows(rows, row, row.size), x.shape);
      },
    }),
  })[0] as T;
}

/** A row for every voxel, 0 where its index is −1, and whether it is not: 1 or 0, [V, 1]. Arithmetic rather than tf.where: int32 stays int32. */
function insideRows(index: tf.Tensor, dtype: tf.DataType): { row: tf.Tensor; inside: tf.Tensor } {
  const zero = tf.scalar(0, 'int32');
  const inside = tf.reshape(tf.cast(tf.greaterEqual(index, zero), dtype), [-1, 1]);
  return { row: tf.maximum(index, zero), inside };
}

/**
 * Draws set voxels of a mask without reading anything back: result k is the ⌊u_k·count⌋-th voxel (from 0) whose mask is 1, count = how many are.
 * With an empty mask every result is 0: the caller masks it.
 *
 * @param mask [V], 0 or 1.
 * @param uniforms [K] in [0, 1).
 * @returns [K] int32
 * @throws CrlnError `invalid-shape`
 */
export function sampleMasked(mask: tf.Tensor, uniforms: tf.Tensor): tf.Tensor1D {
  expectShape(mask, 'mask', ['V']);
  expectShape(uniforms, 'uniforms', ['K']);
  return tf.tidy(() => {
    // As int32: float32 counts are exact only up to 2^24 voxels.
    const before = tf.cumsum(tf.cast(mask, 'int32')) as tf.Tensor1D;
    const count = tf.slice(before, [before.size - 1], [1]);
    const drawn = tf.cast(tf.floor(tf.mul(uniforms, tf.cast(count, 'float32'))), 'int32');
    // A uniform that float32 rounded up to 1 must not look past the end.
    const rank = tf.minimum(drawn, tf.sub(count, tf.scalar(1, 'int32')));
    // Its result has a leading axis of 1, unlike its type says.
    const found = tf.reshape(tf.lowerBound(before, tf.add(rank, tf.scalar(1, 'int32')) as tf.Tensor1D), [-1]);
    return tf.mul(found, tf.cast(tf.greater(count, tf.scalar(0, 'int32')), 'int32')) as tf.Tensor1D;
  });
}
