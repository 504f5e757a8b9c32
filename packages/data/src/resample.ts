import { CrlnError, type Triple } from '@crln/core';
import { multiplyAffines } from './affine.js';
import { aroundAxis } from './lines.js';
import { RESAMPLE_AXIS } from './resample-axis.js';
import type { Volume } from './volume.js';

const MOST_VALUES = 2 ** 31 - 1;

/**
 * How values between voxels are found:
 * - `'bspline'`: the cubic B-spline through the voxels (for images): smooth, and may overshoot at edges
 * - `'linear'`: trilinear (for images and probabilities)
 * - `'nearest'`: the nearest voxel's (for labels)
 */
export type Interpolation = 'bspline' | 'linear' | 'nearest';
export const INTERPOLATIONS: readonly Interpolation[] = ['bspline', 'linear', 'nearest'];

/**
 * A volume on a grid of another shape over the same extent: voxel edges, not centres, of the corners stay in place, so that going
 * there and back needs only the two shapes. Spacing becomes spacing·n/m.
 *
 * `'bspline'` and `'linear'` give float32; `'nearest'` keeps values and type. A grid that becomes coarser is not smoothed first. Agrees with
 * `scipy.ndimage.zoom(v, m/n, grid_mode=True)` with `order=3, mode='mirror'` (`'bspline'`) and `order=1, mode='nearest'` (`'linear'`). Axes are
 * done one by one: beside `v`, two arrays of at most the larger grid's size are held.
 *
 * @throws `CrlnError` `invalid-shape` where a side is not a whole number >= 1, or there would be too many values
 */
export function resampleToShape(v: Volume, shape: Triple, mode: Interpolation): Volume {
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
  const size: Triple = [...v.shape];
  // The axes that shrink go first: less to do for the others.
  const order = [0, 1, 2].sort((a, b) => scale[b]! - scale[a]!);
  for (const axis of order) {
    const n = size[axis]!;
    const m = shape[axis]!;
    if (n === m) continue;
    const [outer, , inner] = aroundAxis(size, axis, v.channels);
    data = RESAMPLE_AXIS[mode](data, outer, n, m, inner);
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
    dtype: mode === 'nearest' ? v.dtype : 'float32',
  };
}

/** Shape with which a grid of `shape` and `spacing` comes nearest to a target spacing: round(n·spacing/target), at least 1. */
export const shapeAtSpacing = (shape: Triple, spacing: Triple, target: Triple): Triple =>
  shape.map((size, axis) => Math.max(1, Math.round((size * spacing[axis]!) / target[axis]!))) as Triple;

/** {@link resampleToShape} by spacing (mm); the spacing got differs from the one asked for by the rounding of the shape. */
export const resampleToSpacing = (v: Volume, spacing: Triple, mode: Interpolation): Volume =>
  resampleToShape(v, shapeAtSpacing(v.shape, v.spacing, spacing), mode);
