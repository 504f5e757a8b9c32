import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectShape } from './checks.js';
import { differentiable, hasKernel, runKernel, untaped } from './kernel.js';
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

/** Half the distance from 1 to the next float32: 1 + x is 1 for every smaller x, and with it −log softmax is 0. */
const FLOAT32_ZERO = 2 ** -24;

/**
 * What means of the cross-entropy are made of, for each sample: its sum over the voxels whose label is not `ignoreIndex`; the number of
 * voxels whose cross-entropy is above 0; the number that is not ignored. "Above 0" is meant in float32, as PyTorch has it: −log softmax is 0
 * there once the probability is beyond 1 − 2⁻²⁴, also on backends that resolve smaller losses. Differentiable in the first.
 *
 * @param logits [N, D, H, W, C] (any rank ≥ 2)
 * @param labels [N, D, H, W] int32
 * @param options ignoreIndex −1 by default.
 * @returns [N, 3]
 * @throws CrlnError `invalid-shape`; on our own backend `invalid-data` for a label that is no class
 */
export function crossEntropySums(
  logits: tf.Tensor,
  labels: tf.Tensor,
  options: { ignoreIndex?: number | undefined } = {},
): tf.Tensor2D {
  expectChannelsLast(logits, 'logits');
  expectShape(labels, 'labels', logits.shape.slice(0, -1));
  const ignoreIndex = options.ignoreIndex ?? -1;
  if (!hasKernel(KERNELS.CrossEntropySums)) return composedSums(logits, labels, ignoreIndex);
  return differentiable('crossEntropySums', {
    inputs: { logits },
    forward: (save) => {
      save([logits, labels]);
      return runKernel(KERNELS.CrossEntropySums, { logits, labels }, { ignoreIndex });
    },
    gradient: ([dy], [logits, labels]) => ({
      logits: () => runKernel(KERNELS.CrossEntropySumsGrad, { dy, logits, labels }, { ignoreIndex })[0]!,
    }),
  })[0] as tf.Tensor2D;
}

function composedSums(logits: tf.Tensor, labels: tf.Tensor, ignoreIndex: number): tf.Tensor2D {
  const samples = labels.shape[0] as number;
  return tf.tidy(() => {
    const losses = tf.reshape(softmaxCrossEntropy(logits, labels, { ignoreIndex }), [samples, -1]);
    const [positive, counted] = untaped(() => {
      const known = tf.notEqual(tf.reshape(labels, [samples, -1]), tf.scalar(ignoreIndex, 'int32'));
      return [tf.greater(losses, FLOAT32_ZERO), known].map((condition) => tf.sum(tf.cast(condition, 'float32'), 1));
    });
    return tf.stack([tf.sum(losses, 1), positive!, counted!], 1) as tf.Tensor2D;
  });
}

export interface ConfidenceOptions {
  /** A voxel is sure from this confidence on. */
  threshold: number;
  ignoreIndex: number;
}

/**
 * Σₙ wₙ·Σ CE of sample n, wₙ = #{confidence ≥ threshold} / max(#{label ≠ ignoreIndex}, 1) of the sample, over max(#{CE > 0}, 1) of all, as
 * {@link crossEntropySums} counts them. Differentiable in the logits; the weights carry no gradient.
 *
 * @param logits [N, D, H, W, C] (any rank ≥ 2)
 * @param labels [N, D, H, W] int32
 * @param confidence [N, D, H, W]
 * @throws CrlnError `invalid-shape`; on our own backend `invalid-data` for a label that is no class
 */
export function confidenceCe(
  logits: tf.Tensor,
  labels: tf.Tensor,
  confidence: tf.Tensor,
  { threshold, ignoreIndex }: ConfidenceOptions,
): tf.Scalar {
  expectChannelsLast(logits, 'logits');
  expectShape(labels, 'labels', logits.shape.slice(0, -1));
  expectShape(confidence, 'confidence', logits.shape.slice(0, -1));
  if (hasKernel(KERNELS.ConfidenceCe)) {
    return differentiable('confidenceCe', {
      inputs: { logits },
      forward: (save) => {
        const inputs = { logits, labels, confidence };
        const [loss, weights] = runKernel(KERNELS.ConfidenceCe, inputs, { threshold, ignoreIndex });
        save([logits, labels, weights!]);
        return [loss!];
      },
      gradient: ([given], [logits, labels, weights]) => ({
        logits: () => {
          const dy = tf.mul(given!, weights!);
          return runKernel(KERNELS.CrossEntropySumsGrad, { dy, logits, labels }, { ignoreIndex })[0]!;
        },
      }),
    })[0] as tf.Scalar;
  }
  return tf.tidy(() => {
    const [loss, positive, counted] = tf.unstack(crossEntropySums(logits, labels, { ignoreIndex }), 1);
    const [weights] = untaped(() => {
      const sure = tf.cast(tf.greaterEqual(tf.reshape(confidence, [logits.shape[0]!, -1]), threshold), 'float32');
      return [tf.div(tf.div(tf.sum(sure, 1), tf.maximum(counted!, 1)), tf.maximum(tf.sum(positive!), 1))];
    });
    return tf.sum(tf.mul(loss!, weights!)) as tf.Scalar;
  });
}
