import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { CrlnWasmBackend } from '../backend.js';

/** What a numeric tensor's elements are stored in. A float32 tensor may hold integers: stock Cast keeps the array. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** A tensor's own elements, or nothing where it is a string or complex tensor (or an empty one kept as a plain array). */
export function numbers(backend: CrlnWasmBackend, tensor: TensorInfo): Numbers | undefined {
  const { values } = backend.data.get(tensor.dataId);
  return values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array
    ? values
    : undefined;
}

/** Zeros in the array that the type is stored in. */
export const allocate = (dtype: DataType, size: number): Numbers =>
  dtype === 'float32' ? new Float32Array(size) : dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);

export const sizeOf = (shape: readonly number[]): number => util.sizeFromShape(shape as number[]);
