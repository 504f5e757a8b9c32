import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectShape } from './checks.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';
import { oneHot } from './oneHot.js';

/**
 * The sums that Dice is made of, a class: Σ p·t, Σ p², Σ t² over all voxels, where t is 1 for the voxel's label and else 0. A label
 * outside 0 … C − 1 counts for no class.
 *
 * @param probabilities [N, D, H, W, C] (any rank ≥ 2); differentiable in it
 * @param labels [N, D, H, W] int32
 * @returns `[3, C]`, the three sums in this order.
 * @throws CrlnError `invalid-shape`
 */
export function diceSums(probabilities: tf.Tensor, labels: tf.Tensor): tf.Tensor2D {
  const classes = expectChannelsLast(probabilities, 'probabilities');
  expectShape(labels, 'labels', probabilities.shape.slice(0, -1));
  return tf.tidy(() => {
    const p = tf.reshape(probabilities, [-1, classes]);
    const classOf = tf.reshape(labels, [-1]);
    return (hasKernel(KERNELS.DiceSums) ? fused(p, classOf) : composed(p, classOf, classes)) as tf.Tensor2D;
  });
}

function fused(probabilities: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return differentiable('diceSums', {
    inputs: { probabilities },
    forward: (save) => {
      save([probabilities, labels]);
      return runKernel(KERNELS.DiceSums, { probabilities, labels });
    },
    gradient: ([dy], [probabilities, labels]) => ({
      probabilities: () => runKernel(KERNELS.DiceSumsGrad, { dy, probabilities, labels })[0]!,
    }),
  })[0]!;
}

function composed(p: tf.Tensor, labels: tf.Tensor, classes: number): tf.Tensor {
  const t = oneHot(labels, classes);
  return tf.stack([tf.sum(tf.mul(p, t), 0), tf.sum(tf.square(p), 0), tf.sum(t, 0)]);
}
