import { stream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect } from 'vitest';
import { kernelCalls, resetKernelCalls, WEBGPU_BACKEND } from '../src/index.js';
import { missing } from './adapter.js';

/** A suite on our backend, with buffers poisoned; skipped, and saying why, where WebGPU has no adapter. */
export function describeGpu(title: string, body: () => void): void {
  if (missing) {
    describe.skip(`${title} (skipped: ${missing})`, body);
    return;
  }
  describe(title, () => {
    beforeAll(async () => {
      await tf.setBackend(WEBGPU_BACKEND);
      resetKernelCalls();
    });
    body();
  });
}

type Attributes = Parameters<tf.KernelFunc>[0]['attrs'] & object;

/** Runs one kernel on our backend, whose call is counted, and returns its outputs. */
export function run(name: string, inputs: Record<string, tf.Tensor> | tf.Tensor[], attrs: object = {}): tf.Tensor[] {
  const before = kernelCalls()[name] ?? 0;
  const result = tf.engine().runKernel(name, inputs as unknown as tf.NamedTensorMap, attrs as unknown as Attributes);
  expect(kernelCalls()[name]).toBe(before + 1);
  return ([] as tf.Tensor[]).concat(result as tf.Tensor | tf.Tensor[]);
}

/** The same, and the outputs' values; outputs and inputs are disposed of. */
export async function runOurs(
  name: string,
  inputs: Record<string, tf.Tensor> | tf.Tensor[],
  attrs: object = {},
): Promise<Float32Array[]> {
  const outputs = run(name, inputs, attrs);
  const values = await Promise.all(outputs.map((y) => y.data<'float32'>()));
  tf.dispose([outputs, inputs]);
  return values;
}

/** Standard normal float32s. */
export function normals(count: number, seed = 0, scale = 1, mean = 0): Float32Array {
  const rng = stream(seed, 'test', 0, 0);
  return Float32Array.from({ length: count }, () => mean + scale * rng.normal());
}

/** Whole numbers from low to high − 1. */
export function integers(count: number, low: number, high: number, seed = 0): Int32Array {
  const rng = stream(seed, 'integers', 0, 0);
  return Int32Array.from({ length: count }, () => low + Math.floor(rng.uniform() * (high - low)));
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** max|a − b| / max|b|; infinite where lengths differ or a NaN is in it. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [difference, scale] = [0, 1e-30];
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(gap)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, gap);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference / scale;
}

/** Each element within `tolerance` of the expected one, relative to it, plus a tenth of that of the largest; NaN and infinities the same. */
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
