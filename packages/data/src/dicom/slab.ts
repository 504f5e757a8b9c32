import type { Triple } from '@crln/core';
import { beat } from '../heartbeat.js';
import type { VoxelArray } from '../volume.js';
import type { StoredArray } from './pixels.js';

/** How many slices are moved at once: a cache line of a volume, whose slices lie side by side. */
export const SLAB = 16;
const TILE = 32;

/** For each tile of a slice: the ranges of rows and columns. Neither side then strides through the cache. */
function* tiles([columns, rows]: Triple): Generator<[number, number, number, number]> {
  for (let j = 0; j < rows; j += TILE) {
    for (let i = 0; i < columns; i += TILE) {
      yield [i, Math.min(i + TILE, columns), j, Math.min(j + TILE, rows)];
    }
  }
}

/**
 * Puts slices k0, k0 + 1, … (row by row in their files) into a C-order volume [columns, rows, slices]:
 * `volume[i, j, k] = slice_k[j, i]·slope_k + intercept_k`.
 */
export function slicesToVolume(
  slices: readonly { pixels: StoredArray; slope: number; intercept: number }[],
  target: VoxelArray,
  shape: Triple,
  k0: number,
): void {
  const [columns, rows, depth] = shape;
  for (const [i0, i1, j0, j1] of tiles(shape)) {
    beat();
    for (const [n, { pixels, slope, intercept }] of slices.entries()) {
      for (let j = j0; j < j1; j++) {
        for (let i = i0; i < i1; i++) {
          target[(i * rows + j) * depth + k0 + n] = pixels[j * columns + i]! * slope + intercept;
        }
      }
    }
  }
}

/** The way back: slices k0 … of a volume, less `offset`, row by row. */
export function volumeToSlices(
  data: VoxelArray,
  slices: readonly (Uint16Array | Int16Array)[],
  shape: Triple,
  k0: number,
  offset: number,
): void {
  const [columns, rows, depth] = shape;
  for (const [i0, i1, j0, j1] of tiles(shape)) {
    for (const [n, slice] of slices.entries()) {
      for (let j = j0; j < j1; j++) {
        for (let i = i0; i < i1; i++) slice[j * columns + i] = data[(i * rows + j) * depth + k0 + n]! - offset;
      }
    }
  }
}
