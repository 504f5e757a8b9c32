import type { Triple } from '@crln/core';
import { type Extension, foldPosition, type Outside } from '../boundary.js';
import { splineCoefficients, splineWeights } from '../bspline.js';
import { aroundAxis, mapLines } from '../lines.js';
import type { Interpolation } from '../resample.js';
import { axisMap, gatherAxes } from './gather.js';

/** How far the edge voxels are repeated before the spline of a `'nearest'` outside is found; 0.27¹² is below float32's rounding. */
const EDGE = 12;
/** A position no further outside than this is on the edge: rounding must not blank a face. */
const SLACK = 1e-9;
const TAPS = { nearest: 1, linear: 2, bspline: 4 } as const;

export interface WarpOptions {
  interpolation: Interpolation;
  outside: Outside;
  /** Where `outside` is `'constant'`. */
  value: number;
}

interface Source {
  data: Float32Array | Uint8Array;
  shape: Triple;
  /** Added to positions in the input. */
  shift: number;
  /** How taps outside `data` are brought in. */
  taps: Extension;
}

/** What is sampled: the voxels, or the coefficients of the spline through them. */
function sourceOf(
  data: Float32Array | Uint8Array,
  shape: Triple,
  interpolation: Interpolation,
  outside: Outside,
): Source {
  const taps = outside === 'constant' ? 'mirror' : outside;
  if (interpolation !== 'bspline') return { data, shape, shift: 0, taps };
  const edge = outside === 'nearest' ? EDGE : 0;
  const size = shape.map((n) => n + 2 * edge) as Triple;
  const maps = size.map((n, axis) => axisMap(shape[axis]!, -edge, n, 'nearest'));
  const boundary = taps === 'nearest' ? 'reflect' : taps;
  let coefficients = edge > 0 ? gatherAxes(data, shape, maps, 0) : data;
  for (let axis = 0; axis < 3; axis++) {
    const n = size[axis]!;
    coefficients = mapLines(coefficients, aroundAxis(size, axis), n, (from, to, width) => {
      splineCoefficients(from, n, width, boundary);
      to.set(from);
    });
  }
  return { data: coefficients, shape: size, shift: edge, taps: boundary };
}

/**
 * The value of every voxel (i, j, k) of a grid of `shape` is that of the input at position M·(i, j, k, 1), `matrix` = M being 3×4, row by
 * row. As `scipy.ndimage.affine_transform` with order 0, 1 or 3, but for positions within 1e-9 of an edge.
 */
export function warp<T extends Float32Array | Uint8Array>(
  data: T,
  shape: Triple,
  matrix: readonly number[],
  { interpolation, outside, value }: WarpOptions,
): T {
  const source = sourceOf(data, shape, interpolation, outside);
  const { data: values, shape: size, shift, taps } = source;
  const strides = [size[1] * size[2], size[2], 1];
  const count = TAPS[interpolation];
  const weights = new Float64Array(12).fill(1);
  const offsets = new Int32Array(12);
  const out = data.slice() as T;
  let at = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      voxels: for (let k = 0; k < shape[2]; k++, at++) {
        for (let axis = 0; axis < 3; axis++) {
          const row = 4 * axis;
          const n = size[axis]!;
          let x = matrix[row]! * i + matrix[row + 1]! * j + matrix[row + 2]! * k + matrix[row + 3]! + shift;
          if (!(x >= 0 && x <= n - 1)) {
            if (outside !== 'constant') x = foldPosition(x, n, outside);
            else if (x < -SLACK || x > n - 1 + SLACK) {
              out[at] = value;
              continue voxels;
            } else x = x < 0 ? 0 : n - 1;
          }
          let first = Math.floor(interpolation === 'nearest' ? x + 0.5 : x);
          if (count === 2) {
            weights[row] = 1 - (x - first);
            weights[row + 1] = x - first;
          } else if (count === 4) {
            splineWeights(x - first, weights, row);
            first--;
          }
          for (let tap = 0; tap < count; tap++, first++) {
            const inside = first >= 0 && first < n ? first : foldPosition(first, n, taps);
            offsets[row + tap] = inside * strides[axis]!;
          }
        }
        let sum = 0;
        for (let a = 0; a < count; a++) {
          for (let b = 0; b < count; b++) {
            const plane = offsets[a]! + offsets[4 + b]!;
            const weight = weights[a]! * weights[4 + b]!;
            for (let c = 0; c < count; c++) sum += weight * weights[8 + c]! * values[plane + offsets[8 + c]!]!;
          }
        }
        out[at] = sum;
      }
    }
  }
  return out;
}
