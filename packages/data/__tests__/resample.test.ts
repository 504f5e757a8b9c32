import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { voxelToWorld } from '../src/affine.js';
import { type Interpolation, resampleToShape, resampleToSpacing } from '../src/resample.js';
import { volume } from '../src/volume.js';

const side = fc.integer({ min: 1, max: 7 });
const shapes = fc.tuple(side, side, side);

describe('resampling', () => {
  it('follows half-pixel centres with clamped edges, as F.interpolate(align_corners=False)', () => {
    const v = volume(Float32Array.of(0, 10), [1, 1, 2]);
    expect([...resampleToShape(v, [1, 1, 4], 'linear').data]).toEqual([0, 2.5, 7.5, 10]);
    expect([...resampleToShape(volume(Uint8Array.of(1, 2, 3), [3, 1, 1]), [5, 1, 1], 'nearest').data]).toEqual([
      1, 1, 2, 3, 3,
    ]);
  });

  it('goes through the voxels with a cubic B-spline, and beyond them where they jump', () => {
    const v = volume(Int16Array.of(0, 0, 100, 100), [4, 1, 1]);
    const fine = resampleToShape(v, [12, 1, 1], 'bspline');
    // Every third voxel of the finer grid lies on one of the coarser.
    for (let n = 0; n < 4; n++) expect(fine.data[3 * n + 1]).toBeCloseTo(v.data[n]!, 4);
    expect(Math.min(...fine.data)).toBeLessThan(-3);
    expect(fine.dtype).toBe('float32');
    expect(resampleToSpacing(v, [0.5, 1, 1], 'bspline').shape).toEqual([8, 1, 1]);
  });

  it('keeps a linear ramp linear inside, in every direction', () => {
    const ramp = volume(
      Float32Array.from(
        { length: 6 * 6 * 6 },
        (_, n) => 3 * Math.floor(n / 36) - (Math.floor(n / 6) % 6) + (n % 6) / 2,
      ),
      [6, 6, 6],
      { spacing: [1, 2, 3] },
    );
    const fine = resampleToShape(ramp, [9, 7, 11], 'linear');
    for (const [i, j, k] of [
      [2, 2, 2],
      [4, 3, 5],
      [6, 5, 8],
    ] as const) {
      const [x, y, z] = voxelToWorld(fine.affine, [i, j, k]);
      expect(fine.data[(i * 7 + j) * 11 + k]).toBeCloseTo(3 * x - y / 2 + z / 6, 4);
    }
  });

  it('leaves a constant constant, and the extent where it is, for any shapes and channels', () => {
    fc.assert(
      fc.property(
        shapes,
        shapes,
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom('bspline', 'linear', 'nearest'),
        (from, to, channels, mode) => {
          const data = Float32Array.from({ length: from[0] * from[1] * from[2] * channels }, (_, n) => n % channels);
          const v = volume(data, from, { channels, spacing: [1, 0.5, 3] });
          const out = resampleToShape(v, to, mode as Interpolation);
          expect(out.shape).toEqual(to);
          for (const [n, value] of out.data.entries()) {
            // A spline of a constant rounds.
            if (mode === 'bspline') expect(value).toBeCloseTo(n % channels, 5);
            else expect(value).toBe(n % channels);
          }
          for (let axis = 0; axis < 3; axis++)
            expect(out.spacing[axis]! * to[axis]!).toBeCloseTo(v.spacing[axis]! * from[axis]!, 9);
          const corners = (w: typeof v) => [
            ...voxelToWorld(w.affine, [-0.5, -0.5, -0.5]),
            ...voxelToWorld(
              w.affine,
              w.shape.map((n) => n - 0.5),
            ),
          ];
          for (const [n, x] of corners(v).entries()) expect(corners(out)[n]).toBeCloseTo(x, 9);
        },
      ),
    );
  });

  it('brings labels back unchanged from a finer grid', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 4 }), (shape, factor) => {
        const label = volume(
          Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, n) => (n * 7) % 5),
          shape,
        );
        const fine = resampleToShape(label, shape.map((n) => n * factor) as typeof shape, 'nearest');
        expect(resampleToShape(fine, shape, 'nearest').data).toEqual(label.data);
      }),
    );
  });

  it('rounds the shape for a spacing, and refuses one that no memory holds', () => {
    const v = volume(new Uint8Array(10 * 10 * 5), [10, 10, 5], { spacing: [1, 1, 3] });
    expect(resampleToSpacing(v, [1, 2, 1], 'nearest')).toMatchObject({ shape: [10, 5, 15], spacing: [1, 2, 1] });
    expect(() => resampleToSpacing(v, [1e-4, 1e-4, 1e-4], 'linear')).toThrow(/cannot be resampled/);
  });
});
