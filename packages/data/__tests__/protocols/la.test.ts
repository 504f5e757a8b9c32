import { stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { voxelToWorld } from '../../src/affine.js';
import { protocolOf } from '../../src/protocols/index.js';
import { volume } from '../../src/volume.js';
import { ballCase, countOf, momentsOf } from './scans.js';

const la = protocolOf('la');
const prepare = (raw: Parameters<typeof la.prepare>[0], seed = 0) =>
  la.prepare(raw, 'raw', { rng: stream(seed, 'prepare/la/ball') });

describe('the left atrium’s protocol on a raw scan', () => {
  const raw = ballCase([200, 190, 20], [90, 80, 9], 8, { value: 255, spacing: [0.625, 0.625, 0.625] });

  it('z-scores over the whole scan, then crops: every voxel is that of the scan at its place', () => {
    const { image, label } = prepare(raw);
    const { mean, deviation } = momentsOf(raw.image.data);
    const [x0, y0] = [0, 1].map((axis) =>
      Math.round((image.affine[axis * 4 + 3]! - raw.image.affine[axis * 4 + 3]!) / 0.625),
    ) as [number, number];
    const [n0, n1, n2] = image.shape;
    expect(n2).toBe(20);
    for (const [i, j, k] of [
      [0, 0, 0],
      [n0 - 1, n1 - 1, n2 - 1],
      [40, 50, 7],
    ] as const) {
      const from = ((i + x0) * 190 + j + y0) * 20 + k;
      const at = (i * n1 + j) * n2 + k;
      expect(image.data[at]).toBeCloseTo((raw.image.data[from]! - mean) / deviation, 4);
      expect(label.data[at]).toBe(raw.label.data[from] === 255 ? 1 : 0);
      expect(voxelToWorld(image.affine, [i, j, k])).toEqual(voxelToWorld(raw.image.affine, [i + x0, j + y0, k]));
    }
    expect(countOf(label.data, 1)).toBe(countOf(raw.label.data, 255));
  });

  it('leaves 10 to 19 voxels around the label and what a patch of 112 lacks, other ones with another seed', () => {
    const shapes = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const { image } = prepare(raw, seed);
      const [n0, n1] = image.shape;
      shapes.add(`${n0}×${n1}`);
      // The label spans 16 voxels from its first to its last: ⌊(112 − 16) / 2⌋ are lacking on each side.
      for (const n of [n0, n1]) {
        expect(n).toBeGreaterThanOrEqual(16 + 2 * 48 + 20);
        expect(n).toBeLessThanOrEqual(16 + 2 * 48 + 38);
      }
      expect(prepare(raw, seed).image.shape).toEqual(image.shape);
    }
    expect(shapes.size).toBeGreaterThan(10);
  });

  it('stops at the edge of the scan', () => {
    const { image } = prepare(ballCase([120, 118, 6], [4, 110, 3], 3, { value: 255 }));
    expect(image.shape[0]).toBeLessThanOrEqual(120);
    expect(image.shape[1]).toBeLessThanOrEqual(118);
  });

  it('names value, count and first voxel of a label that is neither 0 nor 255', () => {
    const other = ballCase([30, 30, 6], [15, 15, 3], 2, { value: 254 });
    expect(() => prepare(other)).toThrow(
      /label\.nii: \d+ voxels have the label value 254, the first at \[13,15,3\]; expected one of 0, 255/,
    );
  });

  it('refuses an empty label', () => {
    const empty = ballCase([30, 30, 6], [15, 15, 3], -1);
    expect(() => prepare(empty)).toThrow(/label\.nii: all of its voxels are 0/);
  });
});

describe('the left atrium’s protocol on a published file', () => {
  const shape: [number, number, number] = [3, 2, 2];
  const image = {
    ...volume(
      Float32Array.from({ length: 12 }, (_, n) => n / 5 - 1),
      shape,
    ),
    header: { format: 'hdf5', spacingStored: false } as const,
  };
  const label = volume(
    Uint8Array.from({ length: 12 }, (_, n) => n % 2),
    shape,
  );

  it('leaves voxels alone and gives them the spacing of the challenge, which the file lacks', () => {
    const made = la.prepare({ id: 'p', image, label }, 'published', { rng: stream(0, 'x') });
    expect(made.image).toMatchObject({ data: image.data, spacing: [0.625, 0.625, 0.625] });
    expect(made.label).toMatchObject({ data: label.data, spacing: [0.625, 0.625, 0.625] });
    expect(made.notes[0]).toMatch(/no spacing: 0\.625 mm/);
  });

  it('refuses an image that is no float32', () => {
    const whole = { ...image, data: new Int16Array(12), dtype: 'int16' as const };
    expect(() => la.prepare({ id: 'p', image: whole, label }, 'published', { rng: stream(0, 'x') })).toThrow(
      /expected float32/,
    );
  });
});

describe('its raw folder', () => {
  it('has scans by folder, the scan itself before what was published of it', () => {
    const found = la.find(
      [
        'a/X1/lgemri.nrrd',
        'a/X1/laendo.nrrd',
        'a/X1/mri_norm2.h5',
        'b/X2/mri_norm2.h5',
        'b/X3/lgemri.nrrd',
        'readme.txt',
      ].sort(),
    );
    expect([...found.keys()].sort()).toEqual(['X1', 'X2']);
    expect(found.get('X2')).toEqual({ image: 'b/X2/mri_norm2.h5', label: 'b/X2/mri_norm2.h5', form: 'published' });
    expect(found.get('X1')).toEqual({ image: 'a/X1/lgemri.nrrd', label: 'a/X1/laendo.nrrd', form: 'raw' });
  });
});
