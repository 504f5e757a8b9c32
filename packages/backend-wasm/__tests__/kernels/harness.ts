import { stream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { kernelCalls, registerWasmBackend, resetKernelCalls, WASM_BACKEND } from '../../src/index.js';

/** On how many random cases every kernel is tried: the same ones every time, so that a failure comes again. */
export const RUNS = { numRuns: 500, seed: 2 };

/** Registers the backend, makes it current and forgets the kernel counts. For `beforeAll`. */
export async function useWasm(): Promise<void> {
  await registerWasmBackend({ poison: true });
  await tf.setBackend(WASM_BACKEND);
  resetKernelCalls();
}

/** `tf.tidy` for a result without tensors: tidy would look for them in it, element by element of every array. */
export function scoped<T>(work: () => T): T {
  const results: T[] = [];
  tf.tidy(() => {
    results.push(work());
  });
  return results[0]!;
}

/** Runs one kernel on the current backend and returns its outputs' values; expects that OUR kernel ran. */
export function runOurs(name: string, inputs: Record<string, tf.Tensor>, attrs: object = {}): Float32Array[] {
  const before = kernelCalls()[name] ?? 0;
  const outputs = scoped(() => {
    const result = tf
      .engine()
      .runKernel(
        name,
        inputs as unknown as tf.NamedTensorMap,
        attrs as unknown as Parameters<tf.KernelFunc>[0]['attrs'] & object,
      );
    return ([] as tf.Tensor[]).concat(result as tf.Tensor | tf.Tensor[]).map((t) => t.dataSync<'float32'>());
  });
  expect(kernelCalls()[name]).toBe(before + 1);
  return outputs;
}

/** Standard normal float32s. */
export function normals(count: number, seed = 0, scale = 1, mean = 0): Float32Array {
  const rng = stream(seed, 'test', 0, 0);
  return Float32Array.from({ length: count }, () => mean + scale * rng.normal());
}

export function integers(count: number, low: number, high: number, seed = 0): Int32Array {
  const rng = stream(seed, 'integers', 0, 0);
  return Int32Array.from({ length: count }, () => low + Math.floor(rng.uniform() * (high - low)));
}

/** The same numbers, bit for bit but for the kind of NaN. */
export function expectSame(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) expect(actual[i], `element ${i}`).toBe(expected[i]);
  }
}

/**
 * Each element within a millionth of `terms`, what its sum would be if no term were negative. Where terms cancel, float32 rounds by their size and
 * not by that of the little that is left.
 */
export function expectRounded(actual: ArrayLike<number>, expected: ArrayLike<number>, terms: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (!(Math.abs(a - e) <= 1e-6 * terms[i]!)) expect(a, `element ${i} of terms ${terms[i]}`).toBe(e);
  }
}

/** Each element within `tolerance` of the expected one, relative to it, plus a tenth of that of the largest. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i]!)) largest = Math.max(largest, Math.abs(expected[i]!));
  }
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Object.is(a, e) || a === e) continue;
    if (!(Math.abs(a - e) <= tolerance * (Math.abs(e) + largest / 10))) expect(a, `element ${i}`).toBe(e);
  }
}
