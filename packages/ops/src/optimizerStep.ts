import { KERNELS, type SgdAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from './checks.js';
import { hasKernel, runKernel } from './kernel.js';

/**
 * One step of stochastic gradient descent as PyTorch takes it: g ← gradient + weightDecay·p; v ← momentum·v + g;
 * p ← p − learningRate·(nesterov ? g + momentum·v : v). Pure: returns the new tensors. Velocity starts at zeros.
 *
 * @returns [parameter', velocity']
 * @throws CrlnError `invalid-shape` where the three differ in shape.
 */
export function sgdStep(
  parameter: tf.Tensor,
  gradient: tf.Tensor,
  velocity: tf.Tensor,
  attrs: SgdAttrs,
): [tf.Tensor, tf.Tensor] {
  expectShape(gradient, 'gradient', parameter.shape);
  expectShape(velocity, 'velocity', parameter.shape);
  if (hasKernel(KERNELS.SgdStep)) {
    return runKernel(KERNELS.SgdStep, { parameter, gradient, velocity }, attrs) as [tf.Tensor, tf.Tensor];
  }
  return tf.tidy(() => {
    const { learningRate, momentum, weightDecay, nesterov } = attrs;
    const g = tf.add(gradient, tf.mul(parameter, weightDecay));
    const v = tf.add(tf.mul(velocity, momentum), g);
    const direction = nesterov ? tf.add(g, tf.mul(v, momentum)) : v;
    return [tf.sub(parameter, tf.mul(direction, learningRate)), v];
  });
}

/**
 * One step of an exponential moving average: target·decay + source·(1 − decay). Pure: returns the new tensor.
 * @throws CrlnError `invalid-shape` where the two differ in shape.
 */
export function emaStep<T extends tf.Tensor>(target: T, source: tf.Tensor, decay: number): T {
  expectShape(source, 'source', target.shape);
  if (hasKernel(KERNELS.EmaStep)) return runKernel(KERNELS.EmaStep, { target, source }, { decay })[0] as T;
  return tf.tidy(() => tf.add(tf.mul(target, decay), tf.mul(source, 1 - decay)) as T);
}
