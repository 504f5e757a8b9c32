import type { RandomStream, Triple } from '@crln/core';
import { crossEntropyLoss, diceLoss } from '@crln/losses';
import * as tf from '@tensorflow/tfjs-core';

/** The first `count` samples and the last. */
export const ends = <T extends tf.Tensor>(x: T, count: number): [T, T] => {
  const rest = x.shape.slice(1);
  const size = [count, ...rest];
  const from = (start: number) => tf.slice(x, [start, ...rest.map(() => 0)], size) as T;
  return [from(0), from((x.shape[0] as number) - count)];
};

/** 1 in a box somewhere in the patch, else 0: int32 [1, D, H, W]. */
export function boxMask([d, h, w]: Triple, fraction: number, rng: RandomStream): tf.Tensor4D {
  const [first, second, third] = [d, h, w].map((side) => {
    const length = Math.max(1, Math.floor(side * fraction));
    const start = rng.integer(side - length + 1);
    return (at: number) => at >= start && at < start + length;
  }) as [(at: number) => boolean, (at: number) => boolean, (at: number) => boolean];
  const mask = new Int32Array(d * h * w);
  for (let i = 0, v = 0; i < d; i++) {
    for (let j = 0; j < h; j++) for (let k = 0; k < w; k++) mask[v++] = first(i) && second(j) && third(k) ? 1 : 0;
  }
  return tf.tensor4d(mask, [1, d, h, w], 'int32');
}

/** `inside` in the box and `outside` around it, of images or of labels. */
export function paste<T extends tf.Tensor>(outside: T, inside: T, box: tf.Tensor4D): T {
  // Arithmetic rather than tf.where: int32 stays int32.
  const shown = tf.cast(outside.rank === 5 ? tf.expandDims(box, -1) : box, outside.dtype);
  const hidden = tf.sub(tf.onesLike(shown), shown);
  return tf.add(tf.mul(outside, hidden), tf.mul(inside, shown)) as T;
}

/** 0.5·(cross-entropy + Dice) over the voxels where `region` is 1. */
export function regionLoss(logits: tf.Tensor5D, label: tf.Tensor4D, region: tf.Tensor): tf.Scalar {
  const one = tf.scalar(1, 'int32');
  // label in the region, −1 (ignored, of no class) around it.
  const seen = tf.sub(tf.mul(tf.add(label, one), region), one) as tf.Tensor4D;
  const inside = tf.cast(tf.expandDims(region, -1), 'float32');
  const overlap = diceLoss(tf.mul(tf.softmax(logits), inside) as tf.Tensor5D, seen, { softmax: false });
  return tf.mul(tf.add(overlap, crossEntropyLoss(logits, seen)), 0.5) as tf.Scalar;
}
