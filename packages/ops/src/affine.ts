import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectPerChannel, expectShape } from './checks.js';
import { differentiable, hasKernel, named, runKernel } from './kernel.js';
import type { NormOptions } from './norm.js';
import { isRecording } from './tape.js';

export interface BatchNormInferenceOptions extends NormOptions {
  /** Running mean [C]. */
  mean: tf.Tensor;
  /** Running variance [C]. */
  variance: tf.Tensor;
}

/**
 * Batch normalisation with running statistics (inference): y = (x − mean) / √(variance + ε) · γ + β, one multiplication and addition a voxel.
 * Differentiable in x, gamma and beta (and in the statistics).
 *
 * @param x [N, D, H, W, C] (any rank ≥ 2)
 * @throws CrlnError `invalid-shape`
 */
export function batchNormInference(x: tf.Tensor, options: BatchNormInferenceOptions): tf.Tensor5D {
  const channels = expectChannelsLast(x, 'x');
  const { mean, variance, gamma, beta, epsilon = 1e-5, relu = false } = options;
  expectShape(mean, 'mean', [channels]);
  expectShape(variance, 'variance', [channels]);
  expectPerChannel(gamma, 'gamma', channels);
  expectPerChannel(beta, 'beta', channels);
  // With a gradient, of the composition: it has one in the statistics too.
  if (hasKernel(KERNELS.BatchNormInference) && !isRecording()) {
    return runKernel(
      KERNELS.BatchNormInference,
      { x, mean, variance, gamma, beta },
      { epsilon, relu },
    )[0] as tf.Tensor5D;
  }
  return tf.tidy(() => {
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const scale = gamma ? tf.mul(gamma, inverse) : inverse;
    const offset = tf.mul(mean, scale);
    return channelAffine(x, scale, beta ? tf.sub(beta, offset) : tf.neg(offset), relu) as tf.Tensor5D;
  });
}

/** y = x·scale + shift, then ReLU where asked; scale and shift [C]. */
function channelAffine(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, relu: boolean): tf.Tensor {
  if (!hasKernel(KERNELS.ChannelAffine)) {
    const flat = tf.reshape(x, [-1, scale.size]);
    const y = tf.add(tf.mul(flat, scale), shift);
    return tf.reshape(relu ? tf.relu(y) : y, x.shape);
  }
  return differentiable('channelAffine', {
    inputs: { x, scale, shift },
    forward: (save) => {
      const y = runKernel(KERNELS.ChannelAffine, { x, scale, shift }, { relu })[0]!;
      save([x, y, scale]);
      return [y];
    },
    gradient: ([dy], [x, y, scale]) =>
      named(['x', 'scale', 'shift'], runKernel(KERNELS.ChannelAffineGrad, { dy, x, y, scale }, { relu })),
  })[0]!;
}
