import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable, hasKernel, runKernel } from './kernel.js';

/** PyTorch's. */
export const DEFAULT_MOMENTUM = 0.1;

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
 * first (·n/(n − 1)). Pure: returns new tensors, which carry no gradient.
 *
 * @param batch As `batchNorm` returns them (biased variance), with `count` = number of voxels a channel.
 * @param momentum 0.1 by default. (Keras' momentum is 1 − this.)
 */
export function updateRunningStatistics(
  running: RunningStatistics,
  batch: BatchStatistics,
  momentum = DEFAULT_MOMENTUM,
): { mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const { mean, variance } = running;
  const { mean: batchMean, variance: batchVariance, count } = batch;
  const [nextMean, nextVariance] = differentiable('runningStatistics', {
    inputs: {},
    forward: () =>
      hasKernel(KERNELS.RunningStatistics)
        ? runKernel(KERNELS.RunningStatistics, { mean, variance, batchMean, batchVariance }, { momentum, count })
        : composed(running, batch, momentum),
    gradient: () => ({}),
  }) as [tf.Tensor1D, tf.Tensor1D];
  return { mean: nextMean, variance: nextVariance };
}

/** The portable form. */
function composed(running: RunningStatistics, batch: BatchStatistics, momentum: number): tf.Tensor[] {
  const next = (old: tf.Tensor, now: tf.Tensor, factor: number) =>
    tf.add(tf.mul(old, 1 - momentum), tf.mul(now, factor));
  // One value a channel has no unbiased variance: left biased (0).
  const unbiased = batch.count / Math.max(batch.count - 1, 1);
  return [next(running.mean, batch.mean, momentum), next(running.variance, batch.variance, momentum * unbiased)];
}
