import { CrlnError } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Mirrors one spatial axis.
 * @param x [N, D, H, W, C] or [N, D, H, W]
 * @param axis 0 = D, 1 = H, 2 = W.
 */
export function flip3d<T extends tf.Tensor>(x: T, axis: 0 | 1 | 2): T {
  if (![0, 1, 2].includes(axis)) {
    throw new CrlnError('invalid-option', `flip3d: expected axis 0, 1 or 2 (D, H, W), got ${axis}`, { axis });
  }
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
  const swapped = [0, 2, 1, ...Array.from({ length: x.rank - 3 }, (_, i) => i + 3)];
  return tf.tidy(() => {
    if (turns === 0) return tf.clone(x);
    if (turns === 2) return tf.reverse(x, [1, 2]);
    return tf.reverse(tf.transpose(x, swapped), turns === 1 ? 1 : 2) as T;
  });
}
