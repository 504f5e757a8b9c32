import { type DiceCeAttrs, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectShape } from './checks.js';
import { crossEntropySums } from './crossEntropy.js';
import { diceSums } from './dice.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

/**
 * λ_dice·(mean over classes of 1 − (2·Σ p·t + smoothNr) / (Σ p² + Σ t² + smoothDr)) + λ_ce·(mean over the voxels whose label is not
 * `ignoreIndex` of −log p[label]), p the softmax and t the one-hot label, sums over the whole batch. Differentiable in the logits.
 *
 * @param logits [N, D, H, W, C] (any rank ≥ 2)
 * @param labels [N, D, H, W] int32
 * @returns a scalar
 * @throws CrlnError `invalid-shape`
 */
export function diceCe(logits: tf.Tensor, labels: tf.Tensor, attrs: DiceCeAttrs): tf.Scalar {
  expectChannelsLast(logits, 'logits');
  expectShape(labels, 'labels', logits.shape.slice(0, -1));
  if (!hasKernel(KERNELS.DiceCe)) return tf.tidy(() => composed(logits, labels, attrs));
  return differentiable('diceCe', {
    inputs: { logits },
    forward: (save) => {
      const [loss, slopes] = runKernel(KERNELS.DiceCe, { logits, labels }, attrs);
      save([slopes!, logits, labels]);
      return [loss!];
    },
    gradient: ([dy], [slopes, logits, labels]) => ({
      logits: () => runKernel(KERNELS.DiceCeGrad, { dy, slopes, logits, labels }, attrs)[0]!,
    }),
  })[0] as tf.Scalar;
}

function composed(logits: tf.Tensor, labels: tf.Tensor, attrs: DiceCeAttrs): tf.Scalar {
  const { first, smoothNr, smoothDr, lambdaDice, lambdaCe, ignoreIndex } = attrs;
  const classes = logits.shape.at(-1) as number;
  const sums = tf.slice(diceSums(logits, labels, { softmax: true }), [0, first], [3, classes - first]);
  const [overlap, squares, truth] = tf.unstack(sums) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const dice = tf.div(tf.add(tf.mul(overlap, 2), smoothNr), tf.add(tf.add(squares, truth), smoothDr));
  const [total, , counted] = tf.unstack(tf.sum(crossEntropySums(logits, labels, { ignoreIndex }), 0));
  const entropy = tf.div(total!, tf.maximum(counted!, 1));
  return tf.add(tf.mul(tf.mean(tf.sub(1, dice)), lambdaDice), tf.mul(entropy, lambdaCe)) as tf.Scalar;
}
