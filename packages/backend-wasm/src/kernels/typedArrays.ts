import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { CrlnWasmBackend } from '../backend.js';
import { engine } from '../engine.js';

/** What a numeric tensor's elements are stored in. A float32 tensor may hold integers: stock Cast keeps the array. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** A tensor's own elements, or nothing where it is a string or complex tensor (or an empty one kept as a plain array). */
export function numbers(backend: CrlnWasmBackend, tensor: TensorInfo): Numbers | undefined {
  const { values } = backend.data.get(tensor.dataId);
  return values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array
    ? values
    : undefined;
}

/** Zeros in the array that the type is stored in, in the shared memory; for an output's values, inside a kernel call. */
export function allocate(dtype: DataType, size: number): Numbers {
  const { heap } = engine();
  const purpose = { kernel: dtype, shape: [size] };
  if (dtype === 'float32') return heap.floats(size, purpose).fill(0);
  return dtype === 'int32' ? heap.ints(size, purpose).fill(0) : heap.bytes(size, purpose).fill(0);
}

export const sizeOf = (shape: readonly number[]): number => util.sizeFromShape(shape as number[]);
