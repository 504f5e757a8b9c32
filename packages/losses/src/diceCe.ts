import { diceCe } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type CrossEntropyOptions, crossEntropyLoss } from './crossEntropy.js';
import { type DiceOptions, diceLoss } from './dice.js';
import { checkLabels, checkVoxelVectors } from './shapes.js';

export interface DiceCeOptions
  extends Omit<DiceOptions, 'reduction' | 'softmax'>,
    Omit<CrossEntropyOptions, 'reduction'> {
  /** Weight of the Dice loss. Default 0.5. */
  lambdaDice?: number;
  /** Weight of the cross-entropy. Default 0.5. */
  lambdaCe?: number;
}

/**
 * lambdaDice · {@link diceLoss} + lambdaCe · {@link crossEntropyLoss}, both as means: the usual supervised loss.
 *
 * @param logits [N, D, H, W, C]
 * @param labels class indices, int32 [N, D, H, W]
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export function diceCeLoss(logits: tf.Tensor5D, labels: tf.Tensor4D, options: DiceCeOptions = {}): tf.Scalar {
  const { lambdaDice = 0.5, lambdaCe = 0.5, ignoreIndex = -1, ...dice } = options;
  const { batch = true, squaredPred = true, includeBackground = false, smoothNr = 1e-5, smoothDr = 1e-5 } = dice;
  checkVoxelVectors(logits, 'diceCeLoss logits');
  checkLabels(labels, 'diceCeLoss labels', logits);
  if (batch && squaredPred) {
    const first = includeBackground || logits.shape[4] === 1 ? 0 : 1;
    return diceCe(logits, labels, { ignoreIndex, first, smoothNr, smoothDr, lambdaDice, lambdaCe });
  }
  return tf.tidy(() => {
    const overlap = diceLoss(logits, labels, { ...dice, softmax: true, reduction: 'mean' });
    const entropy = crossEntropyLoss(logits, labels, { ignoreIndex });
    return tf.add(tf.mul(overlap, lambdaDice), tf.mul(entropy, lambdaCe)) as tf.Scalar;
  });
}
