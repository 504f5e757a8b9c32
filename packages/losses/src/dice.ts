import { channelSum, diceSums } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type Reduction, reduce } from './reduction.js';
import { checkLabels, checkVoxelVectors } from './shapes.js';

/** Options of {@link diceLoss}, with MONAI's names. */
export interface DiceOptions {
  /** The input is logits: take the softmax over channels first. Default true. */
  softmax?: boolean;
  /** Class 0 counts too. Default false (ignored where there is only one channel). */
  includeBackground?: boolean;
  /** Sums run over the whole batch, not over each sample. Default true. */
  batch?: boolean;
  /** Σ p² + Σ t² in the denominator instead of Σ p + Σ t. Default true. */
  squaredPred?: boolean;
  /** Added to the numerator. Default 1e-5. */
  smoothNr?: number;
  /** Added to the denominator. Default 1e-5. */
  smoothDr?: number;
  /** Over classes (and samples where `batch` is false). Default 'mean'. */
  reduction?: Reduction;
}

/**
 * Soft Dice loss: the mean over classes of 1 − (2·Σ p·t + smoothNr) / (Σ p² + Σ t² + smoothDr), where p is the probability of a
 * class at a voxel and t is 1 where the label is that class. A class that is neither in the label nor predicted costs 0. A label
 * outside 0 … C − 1 (such as −1, "ignore") belongs to no class.
 *
 * @param input logits, or probabilities where `softmax` is false: [N, D, H, W, C]
 * @param labels class indices, int32 [N, D, H, W]
 * @returns a scalar; for reduction 'none' [C'], or [N, C'] where `batch` is false, C' the number of classes that count
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 * Milletari et al., V-Net, 3DV 2016, section 3.
 */
export function diceLoss(
  input: tf.Tensor5D,
  labels: tf.Tensor4D,
  options: DiceOptions & { reduction: 'none' },
): tf.Tensor;
export function diceLoss(
  input: tf.Tensor5D,
  labels: tf.Tensor4D,
  options?: DiceOptions & { reduction?: 'mean' | 'sum' },
): tf.Scalar;
export function diceLoss(input: tf.Tensor5D, labels: tf.Tensor4D, options: DiceOptions = {}): tf.Tensor {
  const { batch = true, reduction = 'mean' } = options;
  checkVoxelVectors(input, 'diceLoss input');
  checkLabels(labels, 'diceLoss labels', input);
  return tf.tidy(() => {
    if (batch) {
      const losses = classLosses(input, labels, options);
      return reduce<tf.Tensor>(losses, reduction, losses.size);
    }
    const samples = input.shape[0];
    const truths = tf.split(labels, samples) as tf.Tensor4D[];
    const each = (tf.split(input, samples) as tf.Tensor5D[]).map((one, i) => classLosses(one, truths[i]!, options));
    const losses = tf.stack(each);
    return reduce(losses, reduction, losses.size);
  });
}

/** 1 − Dice of each class that counts, [C']. */
function classLosses(input: tf.Tensor5D, labels: tf.Tensor4D, options: DiceOptions): tf.Tensor1D {
  const { softmax = true, includeBackground = false, squaredPred = true, smoothNr = 1e-5, smoothDr = 1e-5 } = options;
  const classes = input.shape[4];
  const first = includeBackground || classes === 1 ? 0 : 1;
  const sums = tf.slice(diceSums(input, labels, { softmax }), [0, first], [3, classes - first]);
  const [overlap, squares, truth] = tf.unstack(sums) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const plain = () => tf.slice(channelSum(softmax ? tf.softmax(input) : input), [first], [classes - first]);
  const total = tf.add(squaredPred ? squares : plain(), truth);
  return tf.sub(1, tf.div(tf.add(tf.mul(overlap, 2), smoothNr), tf.add(total, smoothDr))) as tf.Tensor1D;
}
