import { foldPosition } from './boundary.js';
import { splineCoefficients, splineWeights } from './bspline.js';
import { mapLines } from './lines.js';
import type { VoxelArray } from './volume.js';

/**
 * One axis of a resize from n to m voxels over the same extent: output voxel t lies at (t + ½)·n/m − ½. `data` is [outer, n, inner].
 */
type ResampleAxis = (data: VoxelArray, outer: number, n: number, m: number, inner: number) => VoxelArray;

/** Linear between the two nearest; positions are clamped to the first and last centre. */
const linearAxis: ResampleAxis = (data, outer, n, m, inner) => {
  const out = new Float32Array(outer * m * inner);
  for (let t = 0; t < m; t++) {
    const position = Math.min(Math.max(((t + 0.5) * n) / m - 0.5, 0), n - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, n - 1);
    const weight = position - low;
    for (let o = 0; o < outer; o++) {
      let a = (o * n + low) * inner;
      let b = (o * n + high) * inner;
      let at = (o * m + t) * inner;
      for (let q = 0; q < inner; q++) {
        const value = data[a++]!;
        out[at++] = value + weight * (data[b++]! - value);
      }
    }
  }
  return out;
};

/** Output voxel t takes input voxel ⌊(t + ½)·n/m⌋. */
const nearestAxis: ResampleAxis = (data, outer, n, m, inner) => {
  const out = new (data.constructor as new (length: number) => VoxelArray)(outer * m * inner);
  for (let t = 0; t < m; t++) {
    const from = Math.min(Math.floor(((t + 0.5) * n) / m), n - 1);
    for (let o = 0; o < outer; o++) {
      const begin = (o * n + from) * inner;
      out.set(data.subarray(begin, begin + inner), (o * m + t) * inner);
    }
  }
  return out;
};

/** The cubic B-spline through the voxels, mirrored about the first and last centre. */
const splineAxis: ResampleAxis = (data, outer, n, m, inner) => {
  const taps = new Int32Array(4 * m);
  const weights = new Float64Array(4 * m);
  for (let t = 0; t < m; t++) {
    const position = ((t + 0.5) * n) / m - 0.5;
    const base = Math.floor(position);
    splineWeights(position - base, weights, 4 * t);
    for (let tap = 0; tap < 4; tap++) taps[4 * t + tap] = foldPosition(base - 1 + tap, n, 'mirror');
  }
  return mapLines(data, [outer, n, inner], m, (from, to, width) => {
    splineCoefficients(from, n, width, 'mirror');
    for (let t = 0; t < m; t++) {
      const a = width * taps[4 * t]!;
      const b = width * taps[4 * t + 1]!;
      const c = width * taps[4 * t + 2]!;
      const d = width * taps[4 * t + 3]!;
      const wa = weights[4 * t]!;
      const wb = weights[4 * t + 1]!;
      const wc = weights[4 * t + 2]!;
      const wd = weights[4 * t + 3]!;
      for (let q = 0; q < width; q++) {
        to[t * width + q] = wa * from[a + q]! + wb * from[b + q]! + wc * from[c + q]! + wd * from[d + q]!;
      }
    }
  });
};

export const RESAMPLE_AXIS = { bspline: splineAxis, linear: linearAxis, nearest: nearestAxis } as const;
