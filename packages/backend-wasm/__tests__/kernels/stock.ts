import * as tf from '@tensorflow/tfjs-core';
import { getKernel } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { kernelCalls } from '../../src/index.js';
import { expectClose, expectSame, scoped } from './harness.js';

/** A tensor that can be made on either backend. */
export interface Operand {
  values: Float32Array | Int32Array | Uint8Array;
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
}

type Operands = Record<string, Operand> | Operand[];

interface Outcome {
  shape: number[];
  dtype: tf.DataType;
  values: ArrayLike<number>;
}

const list = <T>(one: T | T[]): T[] => ([] as T[]).concat(one);

function mapped<T>(inputs: Operands, make: (operand: Operand) => T): T[] | Record<string, T> {
  if (Array.isArray(inputs)) return inputs.map(make);
  return Object.fromEntries(Object.entries(inputs).map(([key, operand]) => [key, make(operand)]));
}

/** By the stock kernel, called by itself: to make its backend the current one and ours again would take longer than most kernels. */
function runStock(name: string, inputs: Operands, attrs: object): Outcome[] {
  const backend = tf.engine().findBackend('cpu') as tf.KernelBackend & {
    makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.TypedArray): tf.TensorInfo;
  };
  const made: tf.TensorInfo[] = [];
  const tensors = mapped(inputs, ({ values, shape, dtype }) => {
    const info = backend.makeTensorInfo(shape, dtype, values);
    made.push(info);
    return info;
  });
  const { kernelFunc } = getKernel(name, 'cpu')!;
  try {
    const outputs = list(kernelFunc({ inputs: tensors, attrs, backend } as unknown as Parameters<tf.KernelFunc>[0]));
    made.push(...outputs);
    return outputs.map(({ shape, dtype, dataId }) => ({
      shape,
      dtype,
      values: backend.readSync(dataId) as Float32Array,
    }));
  } finally {
    for (const { dataId } of made) backend.disposeData(dataId);
  }
}

function runOurs(name: string, inputs: Operands, attrs: object): Outcome[] {
  return scoped(() => {
    const tensors = mapped(inputs, ({ values, shape, dtype }) => tf.tensor(values, shape, dtype));
    type Run = Parameters<ReturnType<typeof tf.engine>['runKernel']>;
    const result = tf.engine().runKernel(name, tensors as Run[1], attrs as NonNullable<Run[2]>);
    return list(result as tf.Tensor | tf.Tensor[]).map((t) => ({
      shape: t.shape,
      dtype: t.dtype,
      values: t.dataSync(),
    }));
  });
}

/**
 * Runs a kernel of TensorFlow.js's cpu backend and the one of that name on ours, the current one: shapes and types must be the same, values
 * within `tolerance` (relative; 0 for the same bits), and OUR kernel must have run unless `ours` is false.
 */
export function expectSameAsStock(
  name: string,
  inputs: Operands,
  attrs: object = {},
  { tolerance = 1e-5, ours = true }: { tolerance?: number; ours?: boolean } = {},
): void {
  const expected = runStock(name, inputs, attrs);
  const before = kernelCalls()[name] ?? 0;
  const memory = tf.engine().backend.numDataIds();
  const actual = runOurs(name, inputs, attrs);
  expect(tf.engine().backend.numDataIds()).toBe(memory);
  expect((kernelCalls()[name] ?? 0) - before).toBe(ours ? 1 : 0);
  expect(actual.map(({ shape, dtype }) => [dtype, ...shape].join())).toEqual(
    expected.map(({ shape, dtype }) => [dtype, ...shape].join()),
  );
  actual.forEach(({ values }, i) => {
    if (tolerance === 0) expectSame(values, expected[i]!.values);
    else expectClose(values, expected[i]!.values, tolerance);
  });
}
