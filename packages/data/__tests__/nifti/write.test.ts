import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NiftiHeader } from '../../src/nifti/header.js';
import { quaternionOf } from '../../src/nifti/orientation.js';
import { readNifti } from '../../src/nifti/read.js';
import { writeNifti } from '../../src/nifti/write.js';
import { VOXEL_ARRAYS, type VoxelType, volume, withData } from '../../src/volume.js';
import { rotationAffine } from '../rotation.js';

const angle = fc.double({ min: -180, max: 180, noNaN: true });
const size = fc.double({ min: 0.2, max: 5, noNaN: true });
const affines = fc
  .tuple(angle, angle, angle, size, size, size, fc.boolean())
  .map(([a, b, c, x, y, z, flip]) => rotationAffine([a, b, c], [x, y, flip ? -z : z], [a, -b, c]));
const types = Object.keys(VOXEL_ARRAYS) as VoxelType[];

describe('writeNifti', () => {
  it('is undone by readNifti for every type, shape and rotated grid', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...types),
        fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 19 })),
        affines,
        fc.boolean(),
        async (dtype, shape, affine, gzip) => {
          const n = shape[0] * shape[1] * shape[2];
          const data = new VOXEL_ARRAYS[dtype](n).map((_: number, at: number) => (at * 37) % 101);
          const made = { ...volume(data, shape, { affine }), dtype };
          const back = await readNifti(await writeNifti(made, { gzip }));
          expect([...back.data]).toEqual([...data]);
          expect([back.shape, back.dtype]).toEqual([shape, dtype]);
          for (const [at, value] of affine.entries()) expect(back.affine[at]).toBeCloseTo(value, 4);
          for (const [at, value] of made.spacing.entries()) expect(back.spacing[at]).toBeCloseTo(value, 5);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says the same grid by quaternion as by matrix', async () => {
    await fc.assert(
      fc.asyncProperty(affines, async (affine) => {
        const bytes = await writeNifti(volume(new Uint8Array(24), [2, 3, 4], { affine }), { gzip: false });
        // sform_code 0 leaves the qform.
        new DataView(bytes.buffer).setInt16(254, 0, true);
        const back = await readNifti(bytes);
        for (const [at, value] of affine.entries()) expect(back.affine[at]).toBeCloseTo(value, 3);
      }),
      { numRuns: 200 },
    );
  });

  it('gives no quaternion to a sheared grid', async () => {
    const sheared = [1, 0.3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    expect(quaternionOf(sheared)).toBeUndefined();
    const back = await readNifti(await writeNifti(volume(new Uint8Array(1), [1, 1, 1], { affine: sheared })));
    expect((back.header as NiftiHeader).qformCode).toBe(0);
    expect(back.affine[1]).toBeCloseTo(0.3, 6);
  });

  it('keeps mm through a file in micrometres', async () => {
    const bytes = await writeNifti(volume(new Uint8Array(8), [2, 2, 2], { spacing: [500, 250, 125] }), { gzip: false });
    bytes[123] = 3;
    const micro = await readNifti(bytes);
    expect(micro.spacing).toEqual([0.5, 0.25, 0.125]);
    expect(micro.affine[0]).toBeCloseTo(0.5, 9);
    const same = await readNifti(await writeNifti(micro));
    expect(same.header).toMatchObject({ xyztUnits: 3, pixdim: [1, 500, 250, 125, 1, 1, 1, 1] });
    const moved = await readNifti(
      await writeNifti({ ...micro, spacing: [1, 1, 1], affine: volume(new Uint8Array(1), [1, 1, 1]).affine }),
    );
    expect(moved.header).toMatchObject({ xyztUnits: 2 });
    expect(moved.spacing).toEqual([1, 1, 1]);
  });

  it('refuses a value that the type cannot hold', async () => {
    const v = volume(Float32Array.of(1, 2.5), [1, 1, 2]);
    await expect(writeNifti(v, { dtype: 'uint8' })).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining('2.5'),
    });
    await expect(writeNifti(volume(Int16Array.of(-1, 300), [1, 1, 2]), { dtype: 'uint8' })).rejects.toMatchObject({
      code: 'invalid-data',
    });
  });

  it('puts channels into the fourth dimension and drops the display range of other values', async () => {
    const source = volume(new Int16Array(8), [2, 2, 2]);
    const bytes = await writeNifti(source, { gzip: false });
    new DataView(bytes.buffer).setFloat32(124, 900, true);
    const two = withData(
      await readNifti(bytes),
      Float32Array.from({ length: 16 }, (_, n) => n),
      { channels: 2 },
    );
    const out = await writeNifti(two, { gzip: false });
    const view = new DataView(out.buffer);
    expect([40, 42, 44, 46, 48].map((at) => view.getInt16(at, true))).toEqual([4, 2, 2, 2, 2]);
    expect(view.getFloat32(124, true)).toBe(0);
    // Voxel (1, 0, 0) of channel 1 is the 9th number of the second volume's file order start.
    expect(view.getFloat32(352 + 4 * (8 + 1), true)).toBe(two.data[4 * 2 + 1]);
  });
});
