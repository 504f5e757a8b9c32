import type { Triple } from '@crln/core';
import { VOXEL_ARRAYS, type VoxelArray, type VoxelType } from '../volume.js';

/** NIfTI's `datatype` codes that are plain numbers. */
export const DATATYPES: Readonly<Record<VoxelType, number>> = {
  uint8: 2,
  int16: 4,
  int32: 8,
  float32: 16,
  float64: 64,
  int8: 256,
  uint16: 512,
  uint32: 768,
  int64: 1024,
  uint64: 1280,
};

/** Names of the codes that are not, for messages. */
export const OTHER_DATATYPES: Readonly<Record<number, string>> = {
  0: 'unknown',
  1: 'binary',
  32: 'complex64',
  128: 'RGB24',
  1536: 'float128',
  1792: 'complex128',
  2048: 'complex256',
  2304: 'RGBA32',
};

/** Bytes of one voxel in a file. */
export const voxelBytes = (type: VoxelType): number => Number(/\d+$/.exec(type)![0]) / 8;

/** Reverses the bytes of every element, in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** The little-endian voxels of a file as an array; 64-bit integers become float64. `bytes` starts at its buffer's start. */
export function voxelArray(buffer: ArrayBuffer, type: VoxelType): VoxelArray {
  if (type === 'int64') return Float64Array.from(new BigInt64Array(buffer), Number);
  if (type === 'uint64') return Float64Array.from(new BigUint64Array(buffer), Number);
  return new VOXEL_ARRAYS[type](buffer);
}

/**
 * Between Fortran order (first index fastest, channels slowest: files) and C order with channels last (memory):
 * `out = in·slope + intercept`. Works through tiles, so that neither side strides through the cache.
 */
export function reorderVoxels<T extends VoxelArray>(
  source: VoxelArray,
  target: T,
  shape: Triple,
  channels: number,
  direction: 'to-memory' | 'to-file',
  slope = 1,
  intercept = 0,
): T {
  const [n0, n1, n2] = shape;
  const toMemory = direction === 'to-memory';
  const scaled = slope !== 1 || intercept !== 0;
  const tile = 16;
  for (let c = 0; c < channels; c++) {
    for (let k0 = 0; k0 < n2; k0 += tile) {
      const k1 = Math.min(k0 + tile, n2);
      for (let j = 0; j < n1; j++) {
        for (let i0 = 0; i0 < n0; i0 += tile) {
          const i1 = Math.min(i0 + tile, n0);
          for (let k = k0; k < k1; k++) {
            for (let i = i0; i < i1; i++) {
              const file = ((c * n2 + k) * n1 + j) * n0 + i;
              const memory = ((i * n1 + j) * n2 + k) * channels + c;
              const value = source[toMemory ? file : memory]!;
              target[toMemory ? memory : file] = scaled ? value * slope + intercept : value;
            }
          }
        }
      }
    }
  }
  return target;
}
