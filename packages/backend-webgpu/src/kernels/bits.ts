import type { DataType } from '@tensorflow/tfjs-core';

/** The word that holds a value of the type on the GPU, as a u32: for kernels that move elements whatever their type. */
export function bitsOf(value: number, dtype: DataType): number {
  const word = dtype === 'float32' ? Float32Array.of(value) : Int32Array.of(value);
  return new Uint32Array(word.buffer)[0]!;
}
