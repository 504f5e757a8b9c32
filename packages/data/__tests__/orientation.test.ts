import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { voxelToWorld } from '../src/affine.js';
import { applyReorientation, axisCodes, inverseReorientation, reorient, reorientation } from '../src/orientation.js';
import { volume } from '../src/volume.js';
import { rotationAffine } from './rotation.js';

const CODES = ['RAS', 'LPS', 'LPI', 'SRA', 'PIR', 'AIL'];
const diagonal = (x: number, y: number, z: number): number[] => [x, 0, 0, 5, 0, y, 0, 6, 0, 0, z, 7, 0, 0, 0, 1];
const angle = fc.integer({ min: -180, max: 180 });
const volumes = fc
  .tuple(
    fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })),
    angle,
    angle,
    angle,
  )
  .map(([shape, a, b, c]) =>
    volume(
      Int16Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, n) => n),
      shape,
      { affine: rotationAffine([a, b, c], [0.5, 1.5, 3], [10, -20, 30]) },
    ),
  );

describe('orientation', () => {
  it('names the directions of the axes', () => {
    expect(axisCodes(diagonal(1, 1, 1))).toBe('RAS');
    expect(axisCodes(diagonal(-1, -2, 3))).toBe('LPS');
    expect(axisCodes([0, 0, 2, 0, -3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1])).toBe('PSR');
    expect(axisCodes(rotationAffine([10, -20, 30], [1, 1, 1], [0, 0, 0]))).toBe('RAS');
  });

  it('turns an LPS array over, exactly', () => {
    const v = volume(Uint8Array.of(1, 2, 3, 4), [2, 2, 1], { affine: diagonal(-2, -3, 4) });
    const turned = reorient(v);
    expect([...turned.data]).toEqual([4, 3, 2, 1]);
    expect(turned.affine).toEqual([2, 0, 0, 3, 0, 3, 0, 3, 0, 0, 4, 7, 0, 0, 0, 1]);
    expect(turned.spacing).toEqual([2, 3, 4]);
  });

  it('keeps every voxel where it is in the world', () => {
    fc.assert(
      fc.property(volumes, fc.constantFrom(...CODES), (v, code) => {
        const turned = reorient(v, code);
        expect(axisCodes(turned.affine)).toBe(code);
        const { axes, flips } = reorientation(v.affine, code);
        const [, n1, n2] = v.shape;
        turned.data.forEach((value, at) => {
          const [, m1, m2] = turned.shape;
          const index = [Math.floor(at / (m1 * m2)), Math.floor(at / m2) % m1, at % m2];
          const own = [0, 0, 0];
          for (const [a, axis] of axes.entries()) own[axis] = flips[a] ? turned.shape[a]! - 1 - index[a]! : index[a]!;
          expect(value).toBe((own[0]! * n1 + own[1]!) * n2 + own[2]!);
          const [x, y] = [voxelToWorld(v.affine, own), voxelToWorld(turned.affine, index)];
          for (let d = 0; d < 3; d++) expect(x[d]).toBeCloseTo(y[d]!, 9);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('is undone by its inverse', () => {
    fc.assert(
      fc.property(volumes, fc.constantFrom(...CODES), (v, code) => {
        const turn = reorientation(v.affine, code);
        const back = applyReorientation(applyReorientation(v, turn), inverseReorientation(turn));
        expect([...back.data]).toEqual([...v.data]);
        expect([back.shape, back.spacing]).toEqual([v.shape, v.spacing]);
        expect(back.affine).toEqual(v.affine);
      }),
    );
  });

  it('gives the same affine, bit for bit, on whatever way it comes to an orientation', () => {
    fc.assert(
      fc.property(volumes, fc.array(fc.constantFrom(...CODES), { minLength: 1, maxLength: 4 }), (v, codes) => {
        const code = codes.at(-1)!;
        const wandered = codes.reduce((turned, next) => reorient(turned, next), v);
        expect(wandered.affine).toEqual(reorient(v, code).affine);
        expect([...wandered.data]).toEqual([...reorient(v, code).data]);
        expect(reorient(wandered, axisCodes(v.affine)).affine).toEqual(v.affine);
      }),
      { numRuns: 60 },
    );
  });

  it.each(['RAX', 'RRS', 'RA', 'ras', 'RLS'])('refuses the code %s', (code) => {
    expect(() => reorientation(diagonal(1, 1, 1), code)).toThrow(/expected three letters such as 'RAS'/);
  });
});
