import type { KernelName } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';

type Inputs = Record<string, tf.Tensor>;
type Save = (tensors: tf.Tensor[]) => void;
type Gradients = Record<string, () => tf.Tensor>;

/** What `tf.engine()` has but does not declare: several outputs with one gradient, and gradients computed only where wanted. */
interface KernelFuncEngine {
  runKernelFunc(call: {
    forwardFunc: (backend: unknown, save: Save) => tf.Tensor[];
    backwardsFunc: (dys: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => Gradients;
    inputs: Inputs;
  }): tf.Tensor[];
}

/**
 * Whether the current TensorFlow.js backend has one of the `@crln` kernels.
 * @param name A value of `KERNELS` in `@crln/core`, such as `'CrlnConv3d'`.
 */
export function hasKernel(name: KernelName): boolean {
  // `tf.backend()` first: the name is unknown until a backend has been started.
  tf.backend();
  return tf.getKernel(name, tf.getBackend()) != null;
}

/** Runs a kernel of the current backend. Inputs that are undefined are left out. */
export function runKernel(
  name: string,
  inputs: Record<string, tf.Tensor | undefined>,
  attributes: object = {},
): tf.Tensor[] {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined));
  const out = tf.engine().runKernel(name, given as tf.NamedTensorMap, attributes as never);
  return Array.isArray(out) ? out : [out as tf.Tensor];
}

export interface Differentiable {
  /** Tensors that may have a gradient. Others are closed over, and given to `save` if the gradient needs them. */
  inputs: Record<string, tf.Tensor | undefined>;
  forward: (save: Save) => tf.Tensor[];
  /** One function an input, called only where that gradient is wanted. `dys` has one entry an output. */
  gradient: (dys: tf.Tensor[], saved: tf.Tensor[]) => Gradients;
}

/**
 * `tf.customGrad` with optional inputs, several outputs, and a gradient that is computed only where it is wanted (customGrad would
 * compute the image's gradient in the first layer of every network).
 */
export function differentiable(name: string, operation: Differentiable): tf.Tensor[] {
  const inputs = Object.fromEntries(
    Object.entries(operation.inputs).filter(([, tensor]) => tensor !== undefined),
  ) as Inputs;
  const engine = tf.engine() as unknown as KernelFuncEngine;
  // The scope's name ends up on the tape, where a registered gradient of that name (a layer called 'Conv3D') would replace ours.
  return tf.tidy(`crln/${name}`, () =>
    engine.runKernelFunc({
      forwardFunc: (_, save) => operation.forward(save),
      backwardsFunc: (dys, saved) => operation.gradient(Array.isArray(dys) ? dys : [dys], saved),
      inputs,
    }),
  );
}

/** Names the gradients that one kernel computes together. */
export function named(names: readonly string[], gradients: readonly tf.Tensor[]): Gradients {
  return Object.fromEntries(names.map((name, i) => [name, () => gradients[i] as tf.Tensor]));
}

/**
 * Runs `f` with no gradient tape: its results, which must be new tensors, are constants, and nothing of what it computes on the way is
 * kept for a backward pass.
 */
export function untaped<T extends readonly tf.Tensor[]>(f: () => T): T {
  const operation: Differentiable = { inputs: {}, forward: () => [...f()], gradient: () => ({}) };
  return differentiable('untaped', operation) as readonly tf.Tensor[] as T;
}

/** The same values, through which no gradient flows. */
export const stopGradient = <T extends tf.Tensor>(x: T): T => untaped(() => [tf.clone(x)])[0] as T;
