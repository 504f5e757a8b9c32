import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { kernelCalls, WASM_BACKEND } from '../../src/index.js';
import { expectClose } from './harness.js';

/** A tensor that can be made on either backend. */
export interface Operand {
  values: Float32Array | Int32Array | Uint8Array;
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
}

interface Outcome {
  shape: number[];
  dtype: tf.DataType;
  values: ArrayLike<number>;
}

function run(name: string, inputs: Record<string, Operand> | Operand[], attrs: object): Outcome[] {
  return tf.tidy(() => {
    const make = ({ values, shape, dtype }: Operand) => tf.tensor(values, shape, dtype);
    const tensors = Array.isArray(inputs)
      ? inputs.map(make)
      : Object.fromEntries(Object.entries(inputs).map(([key, operand]) => [key, make(operand)]));
    type Run = Parameters<ReturnType<typeof tf.engine>['runKernel']>;
    const result = tf.engine().runKernel(name, tensors as Run[1], attrs as NonNullable<Run[2]>);
    return ([] as tf.Tensor[]).concat(result as tf.Tensor | tf.Tensor[]).map((t) => ({
      shape: t.shape,
      dtype: t.dtype,
      values: t.dataSync(),
    }));
  });
}

/**
 * Runs a stock kernel on TensorFlow.js's cpu backend and on ours: shapes and types must be the same, values within `tolerance`
 * (relative; 0 for the same bits), and OUR kernel must have run unless `ours` is false.
 */
export async function expectSameAsStock(
  name: string,
  inputs: Record<string, Operand> | Operand[],
  attrs: object = {},
  { tolerance = 1e-5, ours = true }: { tolerance?: number; ours?: boolean } = {},
): Promise<void> {
  await tf.setBackend('cpu');
  const expected = run(name, inputs, attrs);
  await tf.setBackend(WASM_BACKEND);
  const before = kernelCalls()[name] ?? 0;
  const memory = tf.engine().backend.numDataIds();
  const actual = run(name, inputs, attrs);
  expect(tf.engine().backend.numDataIds()).toBe(memory);
  expect((kernelCalls()[name] ?? 0) - before).toBe(ours ? 1 : 0);
  expect(actual.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
    expected.map(({ shape, dtype }) => ({ shape, dtype })),
  );
  actual.forEach((output, i) => {
    if (tolerance === 0)
      expect([...(output.values as Float32Array)]).toEqual([...(expected[i]!.values as Float32Array)]);
    else expectClose(output.values, expected[i]!.values, tolerance);
  });
}
