import { describe, expect, it } from 'vitest';
import { spacingAffine } from '../src/affine.js';
import { assertSameGrid } from '../src/grid.js';
import { type Volume, volume } from '../src/volume.js';

const header = { format: 'hdf5', spacingStored: false } as const;
const on = (affine: number[], rest: Partial<Volume> = {}): Volume => ({
  ...volume(new Uint8Array(24), [2, 3, 4], { affine }),
  ...rest,
});

describe('assertSameGrid', () => {
  const affine = spacingAffine([2, 2, 2]);
  const moved = affine.map((value, n) => (n === 3 ? 0.21 : value));

  it('takes a tenth of a voxel for rounding, and refuses more', () => {
    const near = affine.map((value, n) => (n === 3 ? 0.19 : value));
    expect(assertSameGrid(on(affine), on(near), 'a')).toBeUndefined();
    expect(() => assertSameGrid(on(affine), on(moved), 'a')).toThrow(/label of a lie apart by up to 0\.210 mm/);
  });

  it('goes by the shape alone where a file does not say where its voxels lie', () => {
    const unknown = on(spacingAffine([1, 1, 1]), { header });
    expect(assertSameGrid(on(moved), unknown, 'a')).toBeUndefined();
    expect(assertSameGrid(unknown, on(moved), 'a')).toBeUndefined();
    const other = { ...unknown, shape: [2, 4, 3] as const } as unknown as Volume;
    expect(() => assertSameGrid(on(moved), other, 'a')).toThrow(/different shapes: \[2,3,4\] and \[2,4,3\]/);
  });
});
