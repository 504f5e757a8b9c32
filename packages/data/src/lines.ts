import type { VoxelArray } from './volume.js';

/** Lines that are worked on at once: their memory is read and written in runs, and they fit the processor's cache. */
const LINES = 32;

/**
 * Puts every line of n values along the middle axis of `data` = [outer, n, inner] through `work`, which makes m of them: `from` is
 * [n, width], `to` [m, width], with a line in each column. In float64, but only a few lines at a time; the result is float32.
 */
export function mapLines(
  data: VoxelArray,
  [outer, n, inner]: readonly [number, number, number],
  m: number,
  work: (from: Float64Array, to: Float64Array, width: number) => void,
): Float32Array {
  const out = new Float32Array(outer * m * inner);
  const from = new Float64Array(n * LINES);
  const to = new Float64Array(m * LINES);
  const first = new Int32Array(LINES);
  const target = new Int32Array(LINES);
  const count = outer * inner;
  for (let begin = 0; begin < count; begin += LINES) {
    const width = Math.min(LINES, count - begin);
    for (let q = 0; q < width; q++) {
      const o = Math.floor((begin + q) / inner);
      const r = begin + q - o * inner;
      first[q] = o * n * inner + r;
      target[q] = o * m * inner + r;
    }
    for (let k = 0; k < n; k++) {
      for (let q = 0; q < width; q++) from[k * width + q] = data[first[q]! + k * inner]!;
    }
    work(from, to, width);
    for (let t = 0; t < m; t++) {
      for (let q = 0; q < width; q++) out[target[q]! + t * inner] = to[t * width + q]!;
    }
  }
  return out;
}

/** `shape` with the voxels' axes before and behind `axis` taken together. */
export const aroundAxis = (
  shape: readonly [number, number, number],
  axis: number,
  channels = 1,
): [number, number, number] => [
  shape.slice(0, axis).reduce((a, b) => a * b, 1),
  shape[axis]!,
  shape.slice(axis + 1).reduce((a, b) => a * b, channels),
];
