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
 * @param options `softmax`: the input is logits, and p their softmax. Default false.
 * @returns `[3, C]`, the three sums in this order.
 * @throws CrlnError `invalid-shape`
 */
export function diceSums(
  probabilities: tf.Tensor,
  labels: tf.Tensor,
  { softmax = false }: { softmax?: boolean } = {},
): tf.Tensor2D {
  const classes = expectChannelsLast(probabilities, 'probabilities');
  expectShape(labels, 'labels', probabilities.shape.slice(0, -1));
  if (hasKernel(KERNELS.DiceSums)) return fused(probabilities, labels, softmax);
  return tf.tidy(() => {
    const p = tf.reshape(softmax ? tf.softmax(probabilities) : probabilities, [-1, classes]);
    return composed(p, tf.reshape(labels, [-1]), classes);
  });
}

function fused(probabilities: tf.Tensor, labels: tf.Tensor, softmax: boolean): tf.Tensor2D {
  return differentiable('diceSums', {
    inputs: { probabilities },
    forward: (save) => {
      save([probabilities, labels]);
      return runKernel(KERNELS.DiceSums, { probabilities, labels }, { softmax });
    },
    gradient: ([dy], [probabilities, labels]) => ({
      probabilities: () => runKernel(KERNELS.DiceSumsGrad, { dy, probabilities, labels }, { softmax })[0]!,
    }),
  })[0] as tf.Tensor2D;
}

function composed(p: tf.Tensor, labels: tf.Tensor, classes: number): tf.Tensor2D {
  const t = oneHot(labels, classes);
  return tf.stack([tf.sum(tf.mul(p, t), 0), tf.sum(tf.square(p), 0), tf.sum(t, 0)]) as tf.Tensor2D;
}
