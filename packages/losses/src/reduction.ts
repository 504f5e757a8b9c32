import * as tf from '@tensorflow/tfjs-core';

/** What becomes of the single losses: their mean, their sum, or all of them. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Σ losses / max(count, 1), Σ losses, or the losses as they are. `count` is how many of them count in the mean. */
export function reduce<T extends tf.Tensor>(losses: T, reduction: Reduction, count: tf.Scalar | number): T | tf.Scalar {
  if (reduction === 'none') return losses;
  return tf.tidy(() => {
    const total = tf.sum(losses) as tf.Scalar;
    return reduction === 'sum' ? total : (tf.div(total, tf.maximum(count, 1)) as tf.Scalar);
  });
}
