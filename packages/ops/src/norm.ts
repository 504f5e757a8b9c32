import { KERNELS, type NormAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectPerChannel } from './checks.js';
import { differentiable, hasKernel, named, runKernel, stopGradient } from './kernel.js';
import { DEFAULT_MOMENTUM, type RunningStatistics, updateRunningStatistics } from './runningStatistics.js';

export interface NormOptions {
  /** [C], 1 if absent. */
  gamma?: tf.Tensor | undefined;
  /** [C], 0 if absent. */
  beta?: tf.Tensor | undefined;
  /** Added to the variance; 1e-5 by default, as in PyTorch. */
  epsilon?: number | undefined;
  /** Applies ReLU in the same pass. */
  relu?: boolean | undefined;
}

export interface BatchNormOptions extends NormOptions {
  /** Running statistics [C] that shall take in the batch's: by PyTorch's `momentum`, 0.1 by default. */
  running?: (RunningStatistics & { momentum?: number | undefined }) | undefined;
}

export interface BatchNormResult {
  /** As x. */
  y: tf.Tensor5D;
  /** [C]; carries no gradient. */
  mean: tf.Tensor1D;
  /** [C], biased (divided by n); carries no gradient. */
  variance: tf.Tensor1D;
  /** The next running statistics, as `updateRunningStatistics` gives them, where `running` is given. */
  running?: { mean: tf.Tensor1D; variance: tf.Tensor1D };
}

/**
 * Batch normalisation with the statistics of this batch (training): y = (x − mean) / √(variance + ε) · γ + β, mean and variance over all axes
 * but the last. The gradient goes through the statistics. (Ioffe and Szegedy 2015.)
 *
 * @param x [N, D, H, W, C] (any rank ≥ 2)
 * @returns y, and the statistics for `updateRunningStatistics`, or what that makes of `running`.
 * @throws CrlnError `invalid-shape`
 */
export function batchNorm(x: tf.Tensor, { running, ...options }: BatchNormOptions = {}): BatchNormResult {
  const channels = expectChannelsLast(x, 'x');
  if (running) expectPerChannel(running.mean, 'running.mean', channels);
  if (running) expectPerChannel(running.variance, 'running.variance', channels);
  return tf.tidy(() => {
    const [y, batchMean, batchVariance, ...next] = normalise(x, options, 'batch', running);
    const [mean, variance] = [batchMean!, batchVariance!].map((x) => tf.reshape(x, [channels])) as [
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    const result = { y: y as tf.Tensor5D, mean, variance };
    if (!running) return result;
    const count = x.size / channels;
    const [nextMean, nextVariance] = next as tf.Tensor1D[];
    return {
      ...result,
      running:
        nextMean && nextVariance
          ? { mean: nextMean, variance: nextVariance }
          : updateRunningStatistics(running, { mean, variance, count }, running.momentum),
    };
  });
}

/**
 * Instance normalisation: as {@link batchNorm}, with the statistics of each sample's own voxels. (Ulyanov et al. 2016.)
 * @param x [N, D, H, W, C] (any rank ≥ 2)
 * @throws CrlnError `invalid-shape`
 */
export function instanceNorm(x: tf.Tensor, options: NormOptions = {}): tf.Tensor5D {
  return tf.tidy(() => normalise(x, options, 'instance')[0] as tf.Tensor5D);
}

/** y, mean, variance; and the next running statistics, where they are given and the backend computes them in the same pass. */
function normalise(
  x: tf.Tensor,
  options: NormOptions,
  over: NormAttrs['over'],
  running?: BatchNormOptions['running'],
): tf.Tensor[] {
  const channels = expectChannelsLast(x, 'x');
  const { gamma, beta, epsilon = 1e-5, relu = false } = options;
  expectPerChannel(gamma, 'gamma', channels);
  expectPerChannel(beta, 'beta', channels);
  const attrs: NormAttrs = { over, epsilon, relu };
  if (!hasKernel(KERNELS.Norm)) return tf.tidy(() => composed(x, gamma, beta, attrs));
  return differentiable(`${over}Norm`, {
    inputs: { x, gamma, beta },
    forward: (save) => {
      const [y, mean, variance, shift, ...next] =
        running && hasKernel(KERNELS.BatchNormTraining)
          ? runKernel(
              KERNELS.BatchNormTraining,
              { x, gamma, beta, runningMean: running.mean, runningVariance: running.variance },
              { ...attrs, momentum: running.momentum ?? DEFAULT_MOMENTUM },
            )
          : runKernel(KERNELS.Norm, { x, gamma, beta }, attrs);
      // Not y: the gradient sees in x where the ReLU let through.
      save([x, mean!, variance!, shift!, ...(gamma ? [gamma] : [])]);
      return [y!, mean!, variance!, ...next];
    },
    gradient: ([dy], [x, mean, variance, shift, gamma]) => {
      const inputs = { dy, x, mean, variance, shift, gamma };
      return named(['x', 'gamma', 'beta'], runKernel(KERNELS.NormGrad, inputs, attrs));
    },
  });
}

/** The portable form: stock operations, whose own gradients do the rest. */
function composed(x: tf.Tensor, gamma: tf.Tensor | undefined, beta: tf.Tensor | undefined, attrs: NormAttrs) {
  const channels = x.shape[x.rank - 1] as number;
  const groups = attrs.over === 'instance' ? (x.shape[0] as number) : 1;
  const grouped = tf.reshape(x, [groups, -1, channels]);
  const mean = tf.mean(grouped, 1, true);
  const centred = tf.sub(grouped, mean);
  const variance = tf.mean(tf.square(centred), 1, true);
  let y: tf.Tensor = tf.mul(centred, tf.rsqrt(tf.add(variance, attrs.epsilon)));
  if (gamma) y = tf.mul(y, gamma);
  if (beta) y = tf.add(y, beta);
  if (attrs.relu) y = tf.relu(y);
  return [
    tf.reshape(y, x.shape),
    stopGradient(tf.reshape(mean, [groups, channels])),
    stopGradient(tf.reshape(variance, [groups, channels])),
  ];
}
