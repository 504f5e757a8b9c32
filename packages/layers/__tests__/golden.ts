import { readFileSync } from 'node:fs';
import { tensor as makeTensor, type Tensor, transpose } from '@tensorflow/tfjs-core';

/** A tensor in PyTorch's layout. */
export interface Values {
  shape: number[];
  data: Float32Array;
}

/** A golden file that `scripts/golden/write.py` wrote; {@link Golden.get} throws where a name is missing. */
export interface Golden<Facts> {
  facts: Facts;
  names: string[];
  noGradient: string[];
  get(name: string): Values;
}

interface Index {
  tensors: Record<string, { shape: number[]; offset: number }>;
  noGradient?: string[];
}

export function readGolden<Facts>(name: string, folder = new URL('./golden/', import.meta.url)): Golden<Facts> {
  const index = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Index & Facts;
  const bytes = readFileSync(new URL(`${name}.bin`, folder));
  const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return {
    facts: index,
    names: Object.keys(index.tensors),
    noGradient: index.noGradient ?? [],
    get(key) {
      const entry = index.tensors[key];
      if (!entry) throw new Error(`${name} has no ${key}`);
      const size = entry.shape.reduce((a, b) => a * b, 1);
      return { shape: entry.shape, data: floats.subarray(entry.offset, entry.offset + size) };
    },
  };
}

/** MurmurHash3's finalizer. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The twin of `number` in `scripts/golden/common.py`, bit for bit: shift + scale·u, u in [−1, 1) from a hash of name and index. */
export function number(name: string, shape: number[], scale = 1, shift = 0): Values {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
    const h = mix(mix((i + seed) | 0) ^ seed);
    return shift + scale * (2 * ((h >>> 8) / 2 ** 24) - 1);
  });
  return { shape, data };
}

/** PyTorch's [N, C, D, H, W] as [N, D, H, W, C]. */
export const channelsLast = ({ shape, data }: Values): Tensor => transpose(makeTensor(data, shape), [0, 2, 3, 4, 1]);

/** max|a − b| / max(max|b|, floor). */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor: number): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} numbers against ${expected.length}`);
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!);
    if (!(d <= difference)) difference = d; // NaN counts as different
  }
  return difference / Math.max(largest(expected), floor);
}

/** max|x|. */
export function largest(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!));
  return max;
}
