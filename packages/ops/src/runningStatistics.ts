import * as tf from '@tensorflow/tfjs-core';

export interface RunningStatistics {
  /** [C] */
  mean: tf.Tensor;
  /** [C] */
  variance: tf.Tensor;
}

/** The statistics of one batch, and of how many values a channel they are. */
export interface BatchStatistics extends RunningStatistics {
  /** N·D·H·W. */
  count: number;
}

/**
 * The next running statistics, as PyTorch's BatchNorm keeps them: running ← (1 − momentum)·running + momentum·batch, the variance made unbiased
 * first (·n/(n − 1)). Pure: returns new tensors.
 *
 * @param batch As `batchNorm` returns them (biased variance), with `count` = number of voxels a channel.
 * @param momentum 0.1 by default. (Keras' momentum is 1 − this.)
 */
export function updateRunningStatistics(
  running: RunningStatistics,
  batch: BatchStatistics,
  momentum = 0.1,
): { mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const next = (old: tf.Tensor, now: tf.Tensor, factor: number) =>
    tf.tidy(() => tf.add(tf.mul(old, 1 - momentum), tf.mul(now, momentum * factor)) as tf.Tensor1D);
  return {
    mean: next(running.mean, batch.mean, 1),
    // One value a channel has no unbiased variance: left biased (0).
    variance: next(running.variance, batch.variance, batch.count / Math.max(batch.count - 1, 1)),
  };
}
