import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast } from './checks.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

/**
 * Sum over all axes but the last: Σ_v x[v, c].
 * @param x [N, …, C]
 * @returns [C]
 */
export function channelSum(x: tf.Tensor): tf.Tensor1D {
  const channels = expectChannelsLast(x, 'x');
  return differentiable('channelSum', {
    inputs: { x },
    forward: () => [
      hasKernel(KERNELS.ChannelSum)
        ? runKernel(KERNELS.ChannelSum, { x })[0]!
        : tf.sum(tf.reshape(x, [-1, channels]), 0),
    ],
    gradient: ([dy]) => ({ x: () => tf.broadcastTo(dy!, x.shape as never) }),
  })[0] as tf.Tensor1D;
}
