import { stream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { ownKernels, type TestBackend } from './backends.js';

/** A float64 array with a shape: what the references compute on. */
export interface Values {
  shape: number[];
  data: Float64Array;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Seeded standard normals that float32 can hold. */
export function normals(shape: number[], seed = 1): Values {
  return { shape, data: Float64Array.from(stream(seed, `test/${shape.join('x')}`).normals(sizeOf(shape))) };
}

export const tensorOf = ({ shape, data }: Values): tf.Tensor => tf.tensor(Float32Array.from(data), shape);

/** max |a − b| / max |b|. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [difference, scale] = [0, 1e-12];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
    scale = Math.max(scale, Math.abs(expected[i] as number));
    if (Number.isNaN(actual[i])) return Number.NaN;
  }
  return difference / scale;
}

export interface GradCheck {
  backend: TestBackend;
  inputs: Record<string, Values>;
  op: (inputs: Record<string, tf.Tensor>) => tf.Tensor;
  /** The same function, naive and in float64. */
  reference: (inputs: Record<string, Values>) => ArrayLike<number>;
  /** Σ-weighted gradients in float64; central differences of `reference` if absent. */
  gradients?: (weights: Float64Array, inputs: Record<string, Values>) => Record<string, ArrayLike<number>>;
  /** Kernels that must have run on our own backend, forward and backward together. */
  kernels?: readonly string[];
  tolerance?: number;
}

/**
 * Holds an operation to its float64 reference: values, the gradients of a random linear functional of its output in every input, that our own
 * kernels computed them, and that no tensor is left behind.
 */
export async function check({
  backend,
  inputs,
  op,
  reference,
  gradients,
  kernels = [],
  tolerance = 2e-5,
}: GradCheck): Promise<void> {
  const own = ownKernels(backend);
  const names = Object.keys(inputs);
  const before = tf.memory().numTensors;
  const tensors = Object.fromEntries(names.map((name) => [name, tensorOf(inputs[name] as Values)]));
  own?.reset();

  const y = op(tensors);
  const expected = reference(inputs);
  expect(relativeError(await y.data(), expected), 'values').toBeLessThan(tolerance);
  y.dispose();
  expect(tf.memory().numTensors - before, 'tensors left by the forward pass').toBe(names.length);

  const weights = normals([expected.length], 7);
  const wanted = gradients ? gradients(weights.data, inputs) : centralDifferences(reference, inputs, weights.data);
  const weighting = tensorOf({ ...weights, shape: y.shape });
  const computed = tf.grads((...given: tf.Tensor[]) =>
    tf.sum(tf.mul(op(Object.fromEntries(names.map((name, i) => [name, given[i] as tf.Tensor]))), weighting)),
  )(names.map((name) => tensors[name] as tf.Tensor));
  for (const [i, name] of names.entries()) {
    const error = relativeError(await (computed[i] as tf.Tensor).data(), wanted[name] as ArrayLike<number>);
    expect(error, `gradient of ${name}`).toBeLessThan(tolerance);
  }
  if (own) {
    for (const kernel of kernels) expect(own.calls()[kernel] ?? 0, `calls of ${kernel}`).toBeGreaterThan(0);
  }
  tf.dispose([computed, weighting, tensors]);
  expect(tf.memory().numTensors, 'tensors left by the gradient').toBe(before);
}

/** d(Σ w·f)/dx by central differences, in float64. */
export function centralDifferences(
  f: (inputs: Record<string, Values>) => ArrayLike<number>,
  inputs: Record<string, Values>,
  weights: Float64Array,
  step = 1e-4,
): Record<string, Float64Array> {
  const functional = () => {
    const y = f(inputs);
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += (y[i] as number) * (weights[i] as number);
    return sum;
  };
  const out: Record<string, Float64Array> = {};
  for (const [name, { data }] of Object.entries(inputs)) {
    out[name] = data.map((x, i) => {
      data[i] = x + step;
      const above = functional();
      data[i] = x - step;
      const below = functional();
      data[i] = x;
      return (above - below) / (2 * step);
    });
  }
  return out;
}
