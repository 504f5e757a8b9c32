import { stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { upperPoint } from '../../src/protocols/brats.js';
import { protocolOf } from '../../src/protocols/index.js';
import { ballCase, countOf, momentsOf } from './scans.js';

const brats = protocolOf('brats');
const rng = stream(0, 'brats');

describe('the protocol of BraTS', () => {
  /** A brain of radius 9 in nothing, a tumour of radius 3 in it. */
  const brain = ballCase([30, 28, 26], [14, 13, 12], 9, { image: (n, inside) => (inside ? 1 + n : 0) });
  const tumour = ballCase([30, 28, 26], [14, 13, 12], 3, { value: 4 });
  const { image, label } = brats.prepare({ id: 'b', image: brain.image, label: tumour.label }, undefined, { rng });

  it('crops to the brain without its last planes, as the reference does', () => {
    expect(image.shape).toEqual([18, 18, 18]);
    expect(image.affine.filter((_, n) => n % 4 === 3).slice(0, 3)).toEqual([5, 4, 3]);
  });

  it('clips above the 99.9 % point and z-scores over the positive voxels', () => {
    const inside: number[] = [];
    for (let i = 5; i < 23; i++)
      for (let j = 4; j < 22; j++) for (let k = 3; k < 21; k++) inside.push(brain.image.data[(i * 28 + j) * 26 + k]!);
    const limit = [...inside].sort((a, b) => a - b)[Math.ceil(0.999 * inside.length) - 1]!;
    const clipped = inside.map((v) => Math.min(v, limit));
    const { mean, deviation } = momentsOf(clipped.filter((v) => v > 0));
    clipped.forEach((v, n) => {
      expect(Math.abs(image.data[n]! - (v - mean) / deviation)).toBeLessThan(1e-4);
    });
    expect(Math.max(...inside)).toBeGreaterThan(limit);
  });

  it('refuses a scan without a voxel above 0, of which there is no z-score', () => {
    const dark = ballCase([30, 28, 26], [14, 13, 12], 9, { image: (n, inside) => (inside ? -1 - n : 0) });
    expect(() => brats.prepare({ id: 'd', image: dark.image, label: tumour.label }, undefined, { rng })).toThrow(
      /^scan\.nii: none of its voxels is above 0/,
    );
  });

  it('makes one class of all labels, and names a value that is none', () => {
    expect([...new Set(label.data)].sort()).toEqual([0, 1]);
    expect(countOf(label.data, 1)).toBe(countOf(tumour.label.data, 4));
    const wrong = ballCase([30, 28, 26], [14, 13, 12], 3, { value: 7 });
    expect(() => brats.prepare({ id: 'b', image: brain.image, label: wrong.label }, undefined, { rng })).toThrow(
      /label\.nii: \d+ voxels have the label value 7, the first at \[11,13,12\]/,
    );
  });

  it('finds pairs of FLAIR and segmentation in folders of any depth', () => {
    const found = brats.find([
      'HGG/A/A_flair.nii.gz',
      'HGG/A/A_seg.nii.gz',
      'HGG/A/A_t1.nii.gz',
      'LGG/B/B_flair.nii',
      'LGG/B/B_seg.nii',
      'C_flair.nii.gz',
    ]);
    expect([...found]).toEqual([
      ['A', { image: 'HGG/A/A_flair.nii.gz', label: 'HGG/A/A_seg.nii.gz' }],
      ['B', { image: 'LGG/B/B_flair.nii', label: 'LGG/B/B_seg.nii' }],
    ]);
  });

  it('refuses a raw folder that has a case twice, naming both', () => {
    const files = ['HGG/A/A_flair.nii.gz', 'HGG/A/A_seg.nii.gz', 'copy/A_flair.nii.gz', 'copy/A_seg.nii.gz'];
    expect(() => brats.find(files)).toThrow(
      /copy\/A_flair\.nii\.gz and HGG\/A\/A_flair\.nii\.gz are the same case 'A'; remove one/,
    );
    const la = protocolOf('la');
    expect(() => la.find(['a/X/mri_norm2.h5', 'b/X/mri_norm2.h5'])).toThrow(/are the same case 'X'/);
    expect(la.find(['a/X/laendo.nrrd', 'a/X/lgemri.nrrd', 'b/X/mri_norm2.h5']).get('X')!.form).toBe('raw');
  });

  it('names its two evaluation sets', () => {
    expect(brats.splits.val).toHaveLength(25);
    expect(brats.splits.test).toHaveLength(60);
    expect(brats.remarks.join(' ')).toMatch(/`test` \(60 cases.*`val` \(25 cases/);
  });
});

it('the upper point is the smallest value with that share at or below it', () => {
  expect(
    upperPoint(
      Float32Array.from({ length: 1000 }, (_, n) => n),
      0.999,
    ),
  ).toBe(998);
  expect(upperPoint(Int16Array.from([5, 1, 1, 1]), 0.75)).toBe(1);
  expect(upperPoint(Int16Array.from([5, 1, 1, 1]), 0.76)).toBe(5);
  expect(upperPoint(Int16Array.from([3]), 0.999)).toBe(3);
});
