import { KERNELS, type SgdAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from './checks.js';
import { hasKernel, runKernel } from './kernel.js';
import { scaleFactor } from './lossScale.js';

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

/** A parameter in {@link optimizerStep}. */
export interface ParameterState {
  parameter: tf.Tensor;
  /** Absent: the parameter stays as it is, without weight decay, and so does its velocity. */
  gradient?: tf.Tensor | undefined;
  /** Given with the gradient; zeros at first. */
  velocity?: tf.Tensor | undefined;
  /** Follows the parameter, once that has moved, as its exponential moving average. */
  average?: tf.Tensor | undefined;
}

/** The new tensors of a {@link ParameterState}; absent where nothing changed. */
export type MovedParameter = Partial<Record<'parameter' | 'velocity' | 'average', tf.Tensor>>;

/**
 * {@link sgdStep} of every parameter that has a gradient, then {@link emaStep} of every average towards its parameter, in one pass where the
 * backend has a kernel for it. Pure: returns new tensors.
 *
 * @param attrs `decay`: of the averages
 * @param scaling of the loss, as {@link lossScaleStep} has it after these gradients: they are divided by the scale, and where one of them
 * is not finite, parameters and velocities stay as they are
 * @throws CrlnError `invalid-shape` where tensors of a parameter differ in shape
 */
export function optimizerStep(
  states: readonly ParameterState[],
  attrs: SgdAttrs & { decay: number },
  scaling?: tf.Tensor,
): MovedParameter[] {
  for (const { parameter, ...others } of states) {
    for (const [name, x] of Object.entries(others)) if (x) expectShape(x, name, parameter.shape);
  }
  const moving = states.map(({ parameter, gradient, velocity, average }) =>
    gradient && velocity ? { parameter, gradient, velocity, average } : { parameter, average },
  );
  // A backend whose optimizer knows a scaling is one that makes it.
  if (!hasKernel(KERNELS.OptimizerStep) || (scaling && !hasKernel(KERNELS.LossScale))) {
    return moving.map((state) => composed(state, attrs, scaling));
  }
  const inputs = moving.flatMap((state, i) => Object.entries(state).map(([name, x]) => [`${name}${i}`, x] as const));
  const all = { ...Object.fromEntries(inputs), ...(scaling && { scaling }) };
  const results = runKernel(KERNELS.OptimizerStep, all, attrs).values();
  const next = () => results.next().value as tf.Tensor;
  return moving.map((state) => ({
    ...('gradient' in state && { parameter: next(), velocity: next() }),
    ...(state.average && { average: next() }),
  }));
}

function composed(
  { parameter, gradient, velocity, average }: ParameterState,
  attrs: SgdAttrs & { decay: number },
  scaling: tf.Tensor | undefined,
): MovedParameter {
  const [moved, speed] = gradient && velocity ? stepped(parameter, gradient, velocity, attrs, scaling) : [];
  return {
    ...(moved && speed && { parameter: moved, velocity: speed }),
    ...(average && { average: emaStep(average, moved ?? parameter, attrs.decay) }),
  };
}

/** {@link sgdStep} with the gradient of a scaled loss. */
function stepped(
  parameter: tf.Tensor,
  gradient: tf.Tensor,
  velocity: tf.Tensor,
  attrs: SgdAttrs,
  scaling: tf.Tensor | undefined,
): [tf.Tensor, tf.Tensor] {
  if (!scaling) return sgdStep(parameter, gradient, velocity, attrs);
  return tf.tidy(() => {
    const factor = scaleFactor(scaling);
    const sound = tf.greater(factor, 0);
    const unscaled = tf.where(sound, tf.mul(gradient, factor), tf.zerosLike(gradient));
    const [moved, speed] = sgdStep(parameter, unscaled, velocity, attrs);
    return [tf.where(sound, moved, parameter), tf.where(sound, speed, velocity)];
  });
}
