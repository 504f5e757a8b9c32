import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectPerChannel } from './checks.js';
import { differentiable, hasKernel, named, runKernel } from './kernel.js';

/**
 * Layer normalisation over the last axis: y = (x − mean) / √(variance + ε) · γ + β, statistics of each row. Its gradient is finite for a
 * row of equal values. (Ba, Kiros and Hinton 2016.)
 *
 * @param x […, C]
 * @param gamma [C]; undefined = 1
 * @param beta [C]; undefined = 0
 * @param options epsilon 1e-5 by default.
 * @throws CrlnError `invalid-shape`
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  gamma?: tf.Tensor,
  beta?: tf.Tensor,
  options: { epsilon?: number | undefined } = {},
): T {
  const channels = expectChannelsLast(x, 'x');
  expectPerChannel(gamma, 'gamma', channels);
  expectPerChannel(beta, 'beta', channels);
  const epsilon = options.epsilon ?? 1e-5;
  return tf.tidy(() => {
    const rows = tf.reshape(x, [-1, channels]);
    const y = hasKernel(KERNELS.LayerNorm)
      ? fused(rows, gamma ?? tf.ones([channels]), beta ?? tf.zeros([channels]), epsilon)
      : composed(rows, gamma, beta, epsilon);
    return tf.reshape(y, x.shape) as T;
  });
}

function fused(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor {
  return differentiable('layerNorm', {
    inputs: { x, gamma, beta },
    forward: (save) => {
      const [y, mean, rstd] = runKernel(KERNELS.LayerNorm, { x, gamma, beta }, { epsilon });
      save([x, gamma, mean!, rstd!]);
      return [y!];
    },
    gradient: ([dy], [x, gamma, mean, rstd]) =>
      named(['x', 'gamma', 'beta'], runKernel(KERNELS.LayerNormGrad, { dy, x, gamma, mean, rstd })),
  })[0]!;
}

function composed(x: tf.Tensor, gamma: tf.Tensor | undefined, beta: tf.Tensor | undefined, epsilon: number): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, 1, true));
  const variance = tf.mean(tf.square(centred), 1, true);
  let y: tf.Tensor = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  if (gamma) y = tf.mul(y, gamma);
  return beta ? tf.add(y, beta) : y;
}
