import { CrlnError, type Triple } from '@crln/core';
import { type ByteStream, cutShort } from './bytes.js';
import { VOXEL_ARRAYS, type Volume, type VoxelArray, type VoxelType } from './volume.js';

/** Above this a typed array cannot be relied on, and 32-bit voxel counts end. */
export const MOST_VOXELS = 2 ** 31 - 1;

/** Slices that go between file and memory at a time: neither side then strides through the cache, and no volume is there twice. */
const SLAB = 16;

/** Bytes of one voxel in a file. */
export const voxelBytes = (type: VoxelType): number => Number(/\d+$/.exec(type)![0]) / 8;

/** Reverses the bytes of every element, in place. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let first = 0; first + size <= bytes.length; first += size) {
    for (let a = first, b = first + size - 1; a < b; a++, b--) {
      const byte = bytes[a]!;
      bytes[a] = bytes[b]!;
      bytes[b] = byte;
    }
  }
}

/** The little-endian voxels at the beginning of a buffer; 64-bit integers become float64. */
export function voxelArray(buffer: ArrayBuffer, type: VoxelType, count: number): VoxelArray {
  if (type !== 'int64' && type !== 'uint64') return new VOXEL_ARRAYS[type](buffer, 0, count);
  const wide = new (type === 'int64' ? BigInt64Array : BigUint64Array)(buffer, 0, count);
  const values = new Float64Array(count);
  for (let n = 0; n < count; n++) values[n] = Number(wide[n]);
  return values;
}

/** A run of slices on its way between a file (first index fastest) and memory (C order, channels last). */
interface Slab {
  shape: Triple;
  channels: number;
  /** Channel, where the file has whole channels one after the other; otherwise all of them lie beside each other there too. */
  channel: number | undefined;
  /** The slices: `from` ≤ k < `to`. */
  from: number;
  to: number;
}

/** target = source·slope + intercept for one slab: the file's side is the slab alone, the memory's the whole volume. */
function moveSlab(
  source: VoxelArray,
  target: VoxelArray,
  { shape, channels, channel, from, to }: Slab,
  direction: 'to-memory' | 'to-file',
  slope = 1,
  intercept = 0,
): void {
  const [n0, n1, n2] = shape;
  const toMemory = direction === 'to-memory';
  const scaled = slope !== 1 || intercept !== 0;
  const [first, last, beside] = channel === undefined ? [0, channels, channels] : [channel, channel + 1, 1];
  for (let c = first; c < last; c++) {
    for (let j = 0; j < n1; j++) {
      for (let i0 = 0; i0 < n0; i0 += SLAB) {
        const i1 = Math.min(i0 + SLAB, n0);
        for (let k = from; k < to; k++) {
          for (let i = i0; i < i1; i++) {
            const file = (((k - from) * n1 + j) * n0 + i) * beside + (c - first);
            const memory = ((i * n1 + j) * n2 + k) * channels + c;
            const value = source[toMemory ? file : memory]!;
            target[toMemory ? memory : file] = scaled ? value * slope + intercept : value;
          }
        }
      }
    }
  }
}

export interface FileVoxels {
  shape: Triple;
  type: VoxelType;
  littleEndian: boolean;
  slope?: number;
  intercept?: number;
}

/** Values of `type`, scaled, are held in the smallest float type that keeps their distinct values apart. */
const scaledType = (type: VoxelType): 'float32' | 'float64' =>
  voxelBytes(type) < 4 || type === 'float32' ? 'float32' : 'float64';

/**
 * Reads the voxels that come next in a stream, first index fastest, into C order, slab by slab.
 *
 * The caller has checked that the stream can hold that many.
 *
 * @throws `CrlnError` `file-format` where the stream ends before
 */
export async function readVoxels(
  stream: ByteStream,
  { shape, type, littleEndian, slope = 1, intercept = 0 }: FileVoxels,
): Promise<{ data: VoxelArray; dtype: VoxelType }> {
  const size = voxelBytes(type);
  const plane = shape[0] * shape[1];
  const dtype = slope !== 1 || intercept !== 0 ? scaledType(type) : type;
  const end = stream.position + plane * shape[2] * size;
  const data = new VOXEL_ARRAYS[dtype](plane * shape[2]);
  const slab = new Uint8Array(Math.min(SLAB, shape[2]) * plane * size);
  for (let from = 0; from < shape[2]; from += SLAB) {
    const to = Math.min(from + SLAB, shape[2]);
    const bytes = slab.subarray(0, (to - from) * plane * size);
    if ((await stream.fill(bytes)) < bytes.length)
      throw cutShort(stream.name, `a ${shape.join('×')} volume of ${type}`, end, stream.position);
    if (!littleEndian) swapBytes(bytes, size);
    const stored = voxelArray(slab.buffer, type, (to - from) * plane);
    moveSlab(stored, data, { shape, channels: 1, channel: 0, from, to }, 'to-memory', slope, intercept);
  }
  return { data, dtype };
}

export const RANGES: Readonly<Record<VoxelType, readonly [number, number]>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [0, 2 ** 8 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  // As far as a float64 names each integer.
  int64: [-(2 ** 53), 2 ** 53],
  uint64: [0, 2 ** 53],
  float32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  float64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

/** An integer type that cannot hold a value is an error, never a silent wrap. @throws `CrlnError` `invalid-data` */
export function assertWritable({ data, source = 'volume' }: Volume, dtype: VoxelType): void {
  if (dtype.startsWith('float') || (data instanceof VOXEL_ARRAYS[dtype] && !(data instanceof Float64Array))) return;
  const [low, high] = RANGES[dtype];
  for (let n = 0; n < data.length; n++) {
    const value = data[n]!;
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new CrlnError('invalid-data', `${source}: the value ${value} cannot be written as ${dtype}`, {
        value,
        dtype,
      });
    }
  }
}

/**
 * The voxels in the order and type of a file, little-endian, slab by slab.
 *
 * @param channels - whether a file has whole channels one after the other, or all of a voxel's beside each other
 */
export function* voxelChunks(
  { data, shape, channels }: Volume,
  dtype: VoxelType,
  order: 'channels-last' | 'channels-first' = 'channels-last',
): Generator<Uint8Array, void> {
  const beside = order === 'channels-first' ? channels : 1;
  const plane = shape[0] * shape[1] * beside;
  for (let c = 0; c < channels; c += beside) {
    for (let from = 0; from < shape[2]; from += SLAB) {
      const to = Math.min(from + SLAB, shape[2]);
      const values = new VOXEL_ARRAYS[dtype]((to - from) * plane);
      const channel = beside === 1 ? c : undefined;
      moveSlab(data, values, { shape, channels, channel, from, to }, 'to-file');
      yield fileBytes(values, dtype);
    }
  }
}

function fileBytes(values: VoxelArray, dtype: VoxelType): Uint8Array {
  if (dtype !== 'int64' && dtype !== 'uint64') return new Uint8Array(values.buffer);
  return new Uint8Array(wideIntegers(values, dtype).buffer);
}

/** Whole numbers as the 64-bit integers that a file has. */
export function wideIntegers(values: ArrayLike<number>, dtype: 'int64' | 'uint64'): BigInt64Array | BigUint64Array {
  const wide = new (dtype === 'int64' ? BigInt64Array : BigUint64Array)(values.length);
  for (let n = 0; n < values.length; n++) wide[n] = BigInt(values[n]!);
  return wide;
}
