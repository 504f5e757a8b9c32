import { CrlnError, KERNELS, type LossScaleAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.js';

const SHAPE = [3];

/**
 * The first state of a loss scale. In half precision small gradients are lost; a loss that is multiplied before the backward pass has larger ones.
 * @returns [scale, 0 steps, factor 1/scale]
 * @throws CrlnError `invalid-option` unless the scale is 1 or more
 */
export function lossScaleState(scale: number): tf.Tensor1D {
  if (!(scale >= 1 && Number.isFinite(scale))) {
    throw new CrlnError('invalid-option', `loss scale: expected a number from 1 on, got ${scale}`, { scale });
  }
  return tf.tensor1d([scale, 0, 1 / scale]);
}

/** What the loss is multiplied by. */
export const lossScaleOf = (state: tf.Tensor): tf.Scalar => at(state, 0);

/** What the gradients of the scaled loss are multiplied by; 0 where one of them was not finite. */
export const scaleFactor = (state: tf.Tensor): tf.Scalar => at(state, 2);

const at = (state: tf.Tensor, place: number): tf.Scalar =>
  tf.tidy(() => tf.reshape(tf.slice(state, [place], [1]), []) as tf.Scalar);

/**
 * The next state of a loss scale, from the gradients of the loss times its scale: where all are finite the factor is 1/scale, and after `every`
 * such steps the scale doubles, up to `most`; else the factor is 0, so that the step is left out, and the scale is halved, to 1 at least. The
 * second number counts the steps since the scale changed, and below 0 those in a row that were left out. Nothing is read back. (Micikevicius et
 * al., Mixed Precision Training, 2018, §3.2; the numbers of PyTorch's GradScaler.)
 *
 * @throws CrlnError `invalid-shape` where the state is none
 */
export function lossScaleStep(
  state: tf.Tensor,
  gradients: readonly tf.Tensor[],
  attrs: LossScaleAttrs = { every: 2000, most: 2 ** 24 },
): tf.Tensor {
  if (!tf.util.arraysEqual(state.shape, SHAPE)) {
    throw new CrlnError('invalid-shape', `loss scale: expected a state of shape [3], got [${state.shape}]`, {
      shape: state.shape,
    });
  }
  if (hasKernel(KERNELS.LossScale)) {
    const inputs = Object.fromEntries(gradients.map((gradient, i) => [`gradient${i}`, gradient]));
    return runKernel(KERNELS.LossScale, { state, ...inputs }, attrs)[0]!;
  }
  return tf.tidy(() => {
    const [scale, steps] = [at(state, 0), at(state, 1)];
    // Zero times what is not finite is NaN.
    const zeros = gradients.map((gradient) => tf.sum(tf.mul(gradient, 0)));
    const finite = tf.equal(zeros.length > 0 ? tf.addN(zeros) : tf.scalar(0), 0);
    const long = tf.greaterEqual(tf.add(steps, 1), attrs.every);
    const grown = tf.where(tf.logicalAnd(long, tf.less(scale, attrs.most)), tf.mul(scale, 2), scale);
    const sound = tf.where(long, tf.scalar(0), tf.add(tf.maximum(steps, 0), 1));
    return tf.stack([
      tf.where(finite, grown, tf.maximum(tf.div(scale, 2), 1)),
      tf.where(finite, sound, tf.sub(tf.minimum(steps, 0), 1)),
      tf.where(finite, tf.div(1, scale), tf.scalar(0)),
    ]);
  });
}
