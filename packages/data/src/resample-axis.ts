import { foldPosition } from './boundary.js';
import { splineCoefficients, splineWeights } from './bspline.js';
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

/** Lines that are filtered at once: as many as fit the processor's nearest cache, for locality where they are not contiguous. */
const LINES = 32;

/** The cubic B-spline through the voxels, mirrored about the first and last centre. Coefficients are float64, a few lines at a time. */
const splineAxis: ResampleAxis = (data, outer, n, m, inner) => {
  const out = new Float32Array(outer * m * inner);
  const taps = new Int32Array(4 * m);
  const weights = new Float64Array(4 * m);
  for (let t = 0; t < m; t++) {
    const position = ((t + 0.5) * n) / m - 0.5;
    const base = Math.floor(position);
    splineWeights(position - base, weights, 4 * t);
    for (let tap = 0; tap < 4; tap++) taps[4 * t + tap] = foldPosition(base - 1 + tap, n, 'mirror');
  }
  const lines = new Float64Array(n * Math.min(LINES, inner));
  for (let o = 0; o < outer; o++) {
    for (let first = 0; first < inner; first += LINES) {
      const width = Math.min(LINES, inner - first);
      for (let k = 0; k < n; k++) {
        const from = (o * n + k) * inner + first;
        for (let q = 0; q < width; q++) lines[k * width + q] = data[from + q]!;
      }
      splineCoefficients(lines, n, width, 'mirror');
      for (let t = 0; t < m; t++) {
        const to = (o * m + t) * inner + first;
        const [a, b, c, d] = [0, 1, 2, 3].map((tap) => width * taps[4 * t + tap]!) as [number, number, number, number];
        const [wa, wb, wc, wd] = [0, 1, 2, 3].map((tap) => weights[4 * t + tap]!) as [number, number, number, number];
        for (let q = 0; q < width; q++) {
          out[to + q] = wa * lines[a + q]! + wb * lines[b + q]! + wc * lines[c + q]! + wd * lines[d + q]!;
        }
      }
    }
  }
  return out;
};

export const RESAMPLE_AXIS = { bspline: splineAxis, linear: linearAxis, nearest: nearestAxis } as const;
