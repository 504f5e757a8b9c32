import { CrlnError, type Triple } from '@crln/core';
import { type Affine, affineDeterminant, affineSpacing, spacingAffine } from './affine.js';
import type { DicomHeader } from './dicom/header.js';
import type { Hdf5Header } from './hdf5-header.js';
import type { NiftiHeader } from './nifti/header.js';
import { type NrrdHeader, withoutValues } from './nrrd/header.js';

/** What a voxel array can be. 64-bit integers are held as float64 (exact up to 2⁵³). */
export type VoxelArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** The type a voxel has, or is to have, in a file. */
export type VoxelType =
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float32'
  | 'float64';

/**
 * A 3-D image or label with its place in the world.
 *
 * `data` is in C order whatever the file has: voxel (i, j, k), channel c is `data[((i·n1 + j)·n2 + k)·channels + c]`, where i, j, k are the
 * axes of the file, in its order.
 */
export interface Volume {
  readonly data: VoxelArray;
  /** [n0, n1, n2], in file axis order. */
  readonly shape: Triple;
  /** 1, except for class probabilities. */
  readonly channels: number;
  /** Distance between voxel centres along each axis, in mm. */
  readonly spacing: Triple;
  readonly affine: Affine;
  /** Type of the values, after the file's slope and intercept. */
  readonly dtype: VoxelType;
  /** What its file says beyond that, for writing it back. */
  readonly header?: NiftiHeader | NrrdHeader | Hdf5Header | DicomHeader;
  /** The file it came from, for messages. */
  readonly source?: string;
}

/** Typed array that holds voxels of a type. */
export const VOXEL_ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: Float64Array,
  uint64: Float64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Index [i, j, k] of a position in a C-order array. */
export const voxelIndex = (at: number, shape: Triple): Triple => [
  Math.floor(at / (shape[1] * shape[2])),
  Math.floor(at / shape[2]) % shape[1],
  at % shape[2],
];

const typeOf = (data: VoxelArray): VoxelType => data.constructor.name.replace('Array', '').toLowerCase() as VoxelType;

/**
 * A volume from an array in C order, 1 mm voxels with axes to the right, front and top unless said. `affine` alone gives the spacing,
 * `spacing` alone the affine.
 *
 * @throws `CrlnError` `invalid-shape` where the array's length is not that of the shape
 */
export function volume(
  data: VoxelArray,
  shape: Triple,
  options: { spacing?: Triple; affine?: Affine; channels?: number; source?: string } = {},
): Volume {
  const { channels = 1, source } = options;
  const spacing = options.spacing ?? (options.affine ? affineSpacing(options.affine) : [1, 1, 1]);
  const affine = options.affine ?? spacingAffine(spacing);
  const made = {
    data,
    shape,
    channels,
    spacing,
    affine,
    dtype: typeOf(data),
    ...(source === undefined ? {} : { source }),
  };
  assertVolume(made, source ?? 'volume');
  return made;
}

/** Other voxels on the same grid, in the same file's terms: how a prediction takes the place of its input. */
export function withData(
  grid: Volume,
  data: VoxelArray,
  options: { channels?: number; dtype?: VoxelType } = {},
): Volume {
  const { channels = 1, dtype = typeOf(data) } = options;
  // The display range belongs to the old values.
  const header =
    grid.header?.format === 'nifti'
      ? { ...grid.header, calMin: 0, calMax: 0 }
      : grid.header?.format === 'nrrd'
        ? withoutValues(grid.header)
        : grid.header;
  const made = { ...grid, data, channels, dtype, ...(header ? { header } : {}) };
  assertVolume(made, grid.source ?? 'volume');
  return made;
}

/** Whether its spacing was measured: files without one (as the field's HDF5 files are) become volumes of 1 mm, and their headers say so. */
export const hasSpacing = ({ header }: Volume): boolean =>
  header === undefined || !('spacingStored' in header) || header.spacingStored;

/** @throws `CrlnError` `invalid-shape` or `invalid-data` where a volume contradicts itself */
export function assertVolume(v: Volume, name: string): void {
  const { shape, channels, data, spacing, affine } = v;
  if (shape.length !== 3 || ![...shape, channels].every((size) => Number.isInteger(size) && size >= 1)) {
    throw new CrlnError(
      'invalid-shape',
      `${name}: expected a shape of three whole numbers >= 1, got [${shape}] with ${channels} channels`,
      { name, shape, channels },
    );
  }
  if (data.length !== shape[0] * shape[1] * shape[2] * channels) {
    throw new CrlnError(
      'invalid-shape',
      `${name}: the shape [${shape}] with ${channels} channels does not fit an array of ${data.length}`,
      { name, shape, channels, length: data.length },
    );
  }
  if (spacing.length !== 3 || !spacing.every((mm) => Number.isFinite(mm) && mm > 0)) {
    throw new CrlnError(
      'invalid-data',
      `${name}: expected a spacing of three positive numbers (mm), got [${spacing}]`,
      { name, spacing },
    );
  }
  if (affine.length !== 16 || !affine.every(Number.isFinite) || affineDeterminant(affine) === 0) {
    throw new CrlnError('invalid-data', `${name}: expected a finite, invertible 4×4 affine, got [${affine}]`, {
      name,
      affine,
    });
  }
  // A transposed one has its translation there.
  if (affine[12] !== 0 || affine[13] !== 0 || affine[14] !== 0 || affine[15] !== 1) {
    throw new CrlnError(
      'invalid-data',
      `${name}: the last row of its affine is [${affine.slice(12)}]; expected 0, 0, 0, 1 (row by row: is it transposed?)`,
      { name, affine },
    );
  }
}

/**
 * An image must be numbers all through.
 *
 * @throws `CrlnError` `not-finite` naming the file, how many voxels are NaN or infinite, and the first of them
 */
export function assertFinite(v: Volume, name: string): void {
  const { data, shape, channels } = v;
  let count = 0;
  let first = -1;
  // x − x is 0 for numbers, NaN for NaN and both infinities.
  for (let n = 0; n < data.length; n++) {
    const value = data[n]!;
    if (value - value !== 0 && count++ === 0) first = n;
  }
  if (count === 0) return;
  const voxel = voxelIndex(Math.floor(first / channels), shape);
  throw new CrlnError(
    'not-finite',
    `${name}: ${count} of ${data.length} voxels are NaN or infinite, the first (${data[first]}) at [${voxel}]; repair or leave out this image`,
    { name, count, first: voxel, value: data[first] },
  );
}
