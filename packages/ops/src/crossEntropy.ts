import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectShape } from './checks.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';
import { oneHot } from './oneHot.js';

/**
 * Cross-entropy of each voxel against a class index: −log softmax(logits)[label], 0 where the label is `ignoreIndex`. Not reduced.
 *
 * @param logits [N, D, H, W, C] (any rank ≥ 2)
 * @param labels [N, D, H, W] int32
 * @param options ignoreIndex −1 by default.
 * @returns [N, D, H, W]
 * @throws CrlnError `invalid-shape`
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor,
  options: { ignoreIndex?: number | undefined } = {},
): tf.Tensor4D {
  const classes = expectChannelsLast(logits, 'logits');
  expectShape(labels, 'labels', logits.shape.slice(0, -1));
  const ignoreIndex = options.ignoreIndex ?? -1;
  return tf.tidy(() => {
    const flat = tf.reshape(logits, [-1, classes]);
    const classOf = tf.reshape(labels, [-1]);
    const loss = hasKernel(KERNELS.SoftmaxCrossEntropy)
      ? fused(flat, classOf, ignoreIndex)
      : composed(flat, classOf, classes, ignoreIndex);
    return tf.reshape(loss, labels.shape as [number, number, number, number]);
  });
}

function fused(logits: tf.Tensor, labels: tf.Tensor, ignoreIndex: number): tf.Tensor {
  return differentiable('softmaxCrossEntropy', {
    inputs: { logits },
    forward: (save) => {
      save([logits, labels]);
      return runKernel(KERNELS.SoftmaxCrossEntropy, { logits, labels }, { ignoreIndex });
    },
    gradient: ([dy], [logits, labels]) => ({
      logits: () => runKernel(KERNELS.SoftmaxCrossEntropyGrad, { dy, logits, labels }, { ignoreIndex })[0]!,
    }),
  })[0]!;
}

function composed(logits: tf.Tensor, labels: tf.Tensor, classes: number, ignoreIndex: number): tf.Tensor {
  const valid = tf.expandDims(tf.cast(tf.notEqual(labels, tf.scalar(ignoreIndex, 'int32')), 'float32'), 1);
  const target = tf.mul(oneHot(labels, classes), valid);
  return tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1));
}
