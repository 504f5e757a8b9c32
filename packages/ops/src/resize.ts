import { CrlnError, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { spatial } from './axis.js';
import { eachAxis, gatherAxes, movesVoxels, resample, sparseMatrix } from './moves.js';

export interface ResizeOptions {
  /** `'trilinear'` (default) or `'nearest'`. */
  mode?: 'trilinear' | 'nearest' | undefined;
  /** Whether corner voxels' centres map on each other (trilinear only); false by default, as in PyTorch. */
  alignCorners?: boolean | undefined;
}

/**
 * Resizes D, H, W as PyTorch's `F.interpolate(size = …)` does, axis by axis. Without `alignCorners` output voxel i looks at
 * (i + ½)·n/m − ½, clamped at 0 (trilinear), or takes voxel ⌊i·n/m⌋ (nearest). Float tensors are differentiable; int32 labels go with `'nearest'`.
 *
 * @param x [N, D, H, W, C] or [N, D, H, W]
 * @param size The new [D, H, W].
 * @throws CrlnError `invalid-shape`, `invalid-option`
 */
export function resize3d<T extends tf.Tensor>(x: T, size: Triple, options: ResizeOptions = {}): T {
  const { mode = 'trilinear', alignCorners = false } = options;
  if (x.rank !== 4 && x.rank !== 5) {
    throw new CrlnError('invalid-shape', `expected x [N, D, H, W, C] or [N, D, H, W], got [${x.shape}]`, {
      shape: x.shape,
    });
  }
  if (size.length !== 3 || size.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new CrlnError('invalid-option', `resize3d: expected a size [D, H, W] of whole numbers, got [${size}]`, {
      size,
    });
  }
  if (mode !== 'nearest' && x.dtype !== 'float32') {
    throw new CrlnError('invalid-option', `resize3d: ${x.dtype} labels can only be resized with mode 'nearest'`, {
      mode,
    });
  }
  if (movesVoxels(x)) {
    const from = spatial(x.shape);
    if (mode === 'nearest')
      return gatherAxes(
        x,
        eachAxis((a) => nearestSources(from[a], size[a])),
      );
    return resample(
      x,
      eachAxis((a) => sparseMatrix(linearRows(from[a], size[a], alignCorners))),
    );
  }
  return tf.tidy(() => {
    let y: tf.Tensor = tf.clone(x);
    for (let axis = 0; axis < 3; axis++) {
      const [n, m] = [x.shape[axis + 1] as number, size[axis]!];
      if (n === m) continue;
      if (mode === 'nearest' && x.dtype !== 'float32')
        y = tf.gather(y, tf.tensor1d(nearestSources(n, m), 'int32'), axis + 1);
      else y = alongAxis(y, axis + 1, mode === 'nearest' ? nearestWeights(n, m) : linearWeights(n, m, alignCorners), m);
    }
    return y as T;
  });
}

/** Multiplies one axis by a [m, n] matrix: a matrix product, fast and differentiable on every backend. */
function alongAxis(x: tf.Tensor, axis: number, weights: Float32Array, m: number): tf.Tensor {
  const n = x.shape[axis] as number;
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const columns = after.reduce((a, b) => a * b, 1);
  const matrix = tf.tensor2d(weights, [m, n]);
  const flat = tf.reshape(x, [-1, n, columns]);
  // For the last axes the matrix goes to the right: one large product, not many of few columns.
  const product =
    columns === 1
      ? tf.matMul(tf.reshape(flat, [-1, n]) as tf.Tensor2D, matrix, false, true)
      : tf.matMul(tf.expandDims(matrix, 0), flat);
  return tf.reshape(product, [...before, m, ...after]);
}

/** PyTorch computes ⌊i·scale⌋ in float32. */
function nearestSources(n: number, m: number): Int32Array {
  const scale = Math.fround(n / m);
  return Int32Array.from({ length: m }, (_, i) => Math.min(Math.floor(Math.fround(i * scale)), n - 1));
}

function nearestWeights(n: number, m: number): Float32Array {
  const weights = new Float32Array(m * n);
  nearestSources(n, m).forEach((source, i) => {
    weights[i * n + source] = 1;
  });
  return weights;
}

function linearWeights(n: number, m: number, alignCorners: boolean): Float32Array {
  const weights = new Float32Array(m * n);
  linearRows(n, m, alignCorners).forEach((row, i) => {
    for (const [source, weight] of row) weights[i * n + source] = weight;
  });
  return weights;
}

/** What each of m output voxels takes of the n input voxels: (voxel, weight), one or two of them. */
function linearRows(n: number, m: number, alignCorners: boolean): [number, number][][] {
  return Array.from({ length: m }, (_, i) => {
    const source = alignCorners ? (m > 1 ? (i * (n - 1)) / (m - 1) : 0) : Math.max(((i + 0.5) * n) / m - 0.5, 0);
    const low = Math.min(Math.floor(source), n - 1);
    const fraction = source - low;
    if (low === n - 1 || fraction === 0) return [[low, 1]];
    return [
      [low, 1 - fraction],
      [low + 1, fraction],
    ];
  });
}
