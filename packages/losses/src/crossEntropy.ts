import { crossEntropySums, softmaxCrossEntropy } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Reduction } from './reduction.js';
import { checkLabels, checkVoxelVectors } from './shapes.js';

export interface CrossEntropyOptions {
  /** Voxels with this label cost nothing and do not count. Default −1. */
  ignoreIndex?: number;
  /** Default 'mean': over the voxels that are not ignored; 0 where all are. */
  reduction?: Reduction;
}

/**
 * Softmax cross-entropy, −log softmax(logits)[label], over the voxels whose label is not `ignoreIndex`.
 *
 * @param logits [N, D, H, W, C]
 * @param labels class indices, int32 [N, D, H, W]
 * @returns a scalar, or [N, D, H, W] for reduction 'none' (0 where ignored)
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export function crossEntropyLoss(
  logits: tf.Tensor5D,
  labels: tf.Tensor4D,
  options: CrossEntropyOptions & { reduction: 'none' },
): tf.Tensor4D;
export function crossEntropyLoss(
  logits: tf.Tensor5D,
  labels: tf.Tensor4D,
  options?: CrossEntropyOptions & { reduction?: 'mean' | 'sum' },
): tf.Scalar;
export function crossEntropyLoss(
  logits: tf.Tensor5D,
  labels: tf.Tensor4D,
  options: CrossEntropyOptions = {},
): tf.Tensor4D | tf.Scalar {
  const { ignoreIndex = -1, reduction = 'mean' } = options;
  checkVoxelVectors(logits, 'crossEntropyLoss logits');
  checkLabels(labels, 'crossEntropyLoss labels', logits);
  if (reduction === 'none') return softmaxCrossEntropy(logits, labels, { ignoreIndex });
  return tf.tidy(() => {
    const sums = tf.sum(crossEntropySums(logits, labels, { ignoreIndex }), 0);
    const [total, , counted] = tf.unstack(sums) as [tf.Scalar, tf.Scalar, tf.Scalar];
    return reduction === 'sum' ? total : tf.div(total, tf.maximum(counted, 1));
  });
}
