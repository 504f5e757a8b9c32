import { CrlnError, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { spatial } from './axis.js';
import { eachAxis, gatherAxes, movesVoxels, positionsAlong } from './moves.js';

/**
 * Mirrors one spatial axis.
 * @param x [N, D, H, W, C] or [N, D, H, W]
 * @param axis 0 = D, 1 = H, 2 = W.
 */
export function flip3d<T extends tf.Tensor>(x: T, axis: 0 | 1 | 2): T {
  if (![0, 1, 2].includes(axis)) {
    throw new CrlnError('invalid-option', `flip3d: expected axis 0, 1 or 2 (D, H, W), got ${axis}`, { axis });
  }
  if (movesVoxels(x)) return turned(x, [0, 1, 2], [axis]);
  return tf.reverse(x, axis + 1);
}

/**
 * Quarter turns in the plane of D and H: `np.rot90(x, k, axes = (D, H))`, the same for every sample.
 * @param x [N, D, H, W, C] or [N, D, H, W]
 * @param k Whole; negative turns back. An odd k swaps the sizes of D and H.
 */
export function rot90InPlane<T extends tf.Tensor>(x: T, k: number): T {
  if (!Number.isInteger(k)) {
    throw new CrlnError('invalid-option', `rot90InPlane: expected a whole number of quarter turns, got ${k}`, { k });
  }
  const turns = ((k % 4) + 4) % 4;
  if (turns !== 0 && movesVoxels(x)) {
    return turns === 2 ? turned(x, [0, 1, 2], [0, 1]) : turned(x, [1, 0, 2], [turns === 1 ? 0 : 1]);
  }
  const swapped = [0, 2, 1, ...Array.from({ length: x.rank - 3 }, (_, i) => i + 3)];
  return tf.tidy(() => {
    if (turns === 0) return tf.clone(x);
    if (turns === 2) return tf.reverse(x, [1, 2]);
    return tf.reverse(tf.transpose(x, swapped), turns === 1 ? 1 : 2) as T;
  });
}

/** Output axis a runs along input axis along[a], backwards for the axes in `mirrored`. */
function turned<T extends tf.Tensor>(x: T, along: Triple, mirrored: readonly number[]): T {
  const size = spatial(x.shape);
  const from = eachAxis((axis) => {
    const n = size[along[axis]]!;
    return positionsAlong(n, mirrored.includes(axis) ? (i) => n - 1 - i : undefined);
  });
  return gatherAxes(x, from, { along });
}
