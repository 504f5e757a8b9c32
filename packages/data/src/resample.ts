import { CrlnError, type Triple } from '@crln/core';
import { multiplyAffines } from './affine.js';
import type { Volume, VoxelArray } from './volume.js';

const MOST_VALUES = 2 ** 31 - 1;

/**
 * One axis of a linear resize, over the same extent: output voxel t lies at (t + ½)·n/m − ½, clamped to the first and last centre.
 * `data` is [outer, n, inner].
 */
function linearAxis(data: VoxelArray, outer: number, n: number, m: number, inner: number): Float32Array {
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
}

/** One axis of a nearest-neighbour resize: output voxel t takes input voxel ⌊(t + ½)·n/m⌋. */
function nearestAxis(data: VoxelArray, outer: number, n: number, m: number, inner: number): VoxelArray {
  const out = new (data.constructor as new (length: number) => VoxelArray)(outer * m * inner);
  for (let t = 0; t < m; t++) {
    const from = Math.min(Math.floor(((t + 0.5) * n) / m), n - 1);
    for (let o = 0; o < outer; o++) {
      const begin = (o * n + from) * inner;
      out.set(data.subarray(begin, begin + inner), (o * m + t) * inner);
    }
  }
  return out;
}

/**
 * A volume on a grid of another shape over the same extent: voxel edges, not centres, of the corners stay in place, so that going
 * there and back needs only the two shapes. Spacing becomes spacing·n/m.
 *
 * `'linear'` is trilinear (for images and probabilities; float32), `'nearest'` keeps values and type (for labels).
 */
export function resampleToShape(v: Volume, shape: Triple, mode: 'linear' | 'nearest'): Volume {
  if (shape.every((size, axis) => size === v.shape[axis])) return v;
  const values = shape[0] * shape[1] * shape[2] * v.channels;
  if (!shape.every((size) => Number.isInteger(size) && size >= 1) || values > MOST_VALUES) {
    throw new CrlnError(
      'invalid-shape',
      `${v.source ?? 'volume'}: cannot be resampled from [${v.shape}] to [${shape}]; each side must be at least 1 and all values at most ${MOST_VALUES}`,
      { from: v.shape, to: shape },
    );
  }
  const scale = shape.map((size, axis) => v.shape[axis]! / size) as Triple;
  let data = v.data;
  const size = [...v.shape];
  // The axes that shrink go first: less to do for the others.
  const order = [0, 1, 2].sort((a, b) => scale[b]! - scale[a]!);
  for (const axis of order) {
    const n = size[axis]!;
    const m = shape[axis]!;
    if (n === m) continue;
    const outer = size.slice(0, axis).reduce((a, b) => a * b, 1);
    const inner = size.slice(axis + 1).reduce((a, b) => a * b, v.channels);
    data = (mode === 'linear' ? linearAxis : nearestAxis)(data, outer, n, m, inner);
    size[axis] = m;
  }
  const move = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  for (let axis = 0; axis < 3; axis++) {
    move[axis * 5] = scale[axis]!;
    move[axis * 4 + 3] = (scale[axis]! - 1) / 2;
  }
  return {
    ...v,
    data,
    shape,
    spacing: v.spacing.map((mm, axis) => mm * scale[axis]!) as Triple,
    affine: multiplyAffines(v.affine, move),
    dtype: mode === 'linear' ? 'float32' : v.dtype,
  };
}

/** Shape with which a grid of `shape` and `spacing` comes nearest to a target spacing: round(n·spacing/target), at least 1. */
export const shapeAtSpacing = (shape: Triple, spacing: Triple, target: Triple): Triple =>
  shape.map((size, axis) => Math.max(1, Math.round((size * spacing[axis]!) / target[axis]!))) as Triple;

/** {@link resampleToShape} by spacing (mm); the spacing got differs from the one asked for by the rounding of the shape. */
export const resampleToSpacing = (v: Volume, spacing: Triple, mode: 'linear' | 'nearest'): Volume =>
  resampleToShape(v, shapeAtSpacing(v.shape, v.spacing, spacing), mode);
