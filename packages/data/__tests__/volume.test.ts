import { describe, expect, it } from 'vitest';
import { assertFinite, volume, withData } from '../src/volume.js';

describe('volume', () => {
  it('derives the affine from the spacing and the spacing from the affine', () => {
    expect(volume(new Int16Array(2), [1, 2, 1], { spacing: [1, 2, 3] })).toMatchObject({
      affine: [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1],
      dtype: 'int16',
      channels: 1,
    });
    expect(
      volume(new Float64Array(1), [1, 1, 1], { affine: [0, -2, 0, 0, 3, 0, 0, 0, 0, 0, 4, 9, 0, 0, 0, 1] }).spacing,
    ).toEqual([3, 2, 4]);
  });

  it.each<[() => unknown, RegExp]>([
    [
      () => volume(new Uint8Array(5), [1, 2, 3], { source: 'x.nii' }),
      /x\.nii: the shape \[1,2,3\] with 1 channels does not fit an array of 5/,
    ],
    [() => volume(new Uint8Array(0), [0, 2, 3]), /three whole numbers >= 1/],
    [() => volume(new Uint8Array(1), [1, 1, 1], { spacing: [1, -1, 1] }), /three positive numbers/],
    [
      () => volume(new Uint8Array(1), [1, 1, 1], { affine: new Array(16).fill(0), spacing: [1, 1, 1] }),
      /invertible 4×4 affine/,
    ],
    [() => withData(volume(new Uint8Array(6), [1, 2, 3]), new Uint8Array(6), { channels: 2 }), /does not fit/],
  ])('refuses what contradicts itself: %s', (make, message) => {
    expect(make).toThrow(message);
  });

  it('keeps grid and source where the data is replaced', () => {
    const grid = volume(new Uint8Array(6), [1, 2, 3], { spacing: [1, 2, 3], source: 'x.nii' });
    expect(withData(grid, new Float32Array(12), { channels: 2 })).toMatchObject({
      affine: grid.affine,
      source: 'x.nii',
      channels: 2,
      dtype: 'float32',
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('finds %s in an image', (value) => {
    const v = volume(Float32Array.of(0, 1, 2, value, 4, value), [1, 2, 3]);
    expect(() => assertFinite(v, 'y.nii')).toThrow(
      `y.nii: 2 of 6 voxels are NaN or infinite, the first (${value}) at [0,1,0]`,
    );
    assertFinite(volume(Float32Array.of(3e38, -3e38), [1, 1, 2]), 'large');
  });
});
