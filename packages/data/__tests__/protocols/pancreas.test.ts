import { stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/normalise.js';
import { alignLabel } from '../../src/protocols/align-label.js';
import { protocolOf } from '../../src/protocols/index.js';
import { resampleToSpacing } from '../../src/resample.js';
import type { Volume } from '../../src/volume.js';
import { ballCase } from './scans.js';

const rng = stream(0, 'pancreas');
/** Air around, fat and tissue inside: what a label must lie on. */
const hu = (n: number, inside: boolean): number => (inside ? 60 + (n % 60) : n % 2 ? -1000 : 700);
const raw = ballCase([130, 140, 24], [50, 80, 11], 6, { image: hu, spacing: [0.8, 0.8, 2] });

describe('the protocol of MC-Net', () => {
  const { image, label, notes } = protocolOf('pancreas').prepare(raw, undefined, { rng });

  it('resamples to 1 mm, windows, z-scores over the whole scan, crops in plane to the label and 25 voxels, at least 96', () => {
    const scan = resampleToSpacing(raw.image, [1, 1, 1], 'bspline');
    expect(scan.shape).toEqual([104, 112, 48]);
    const window = scan.data.map((v) => (Math.min(Math.max(v, -125), 275) + 125) / 400);
    const scored = normalise(window, 'zscore');
    const [x0, y0] = [0, 1].map((axis) => Math.round(image.affine[axis * 4 + 3]! - scan.affine[axis * 4 + 3]!)) as [
      number,
      number,
    ];
    expect(image.shape[2]).toBe(48);
    for (let axis = 0; axis < 2; axis++) expect(image.shape[axis]).toBeGreaterThanOrEqual(96);
    const [n0, n1, n2] = image.shape;
    let worst = 0;
    for (let i = 0; i < n0; i++)
      for (let j = 0; j < n1; j++)
        for (let k = 0; k < n2; k++)
          worst = Math.max(
            worst,
            Math.abs(image.data[(i * n1 + j) * n2 + k]! - scored[((i + x0) * 112 + j + y0) * 48 + k]!),
          );
    expect(worst).toBeLessThan(1e-6);
    expect(label.data.some((v) => v === 1)).toBe(true);
    expect(notes.join('; ')).toMatch(/resampled from \[130,140,24\] at 0\.800 × 0\.800 × 2\.000 mm; cropped/);
  });
});

describe('the protocol of CoraNet', () => {
  it('crops all axes to the label and 25 voxels, at least 96 where there are any, with intensities in [0, 1]', () => {
    const { image, label } = protocolOf('pancreas-coranet').prepare(raw, undefined, { rng });
    // 104 × 112 × 48 at 1 mm: the label has 10 to 12 voxels, 60 to 62 with margins, so 96, and all of the third axis.
    expect(image.shape).toEqual([96, 96, 48]);
    expect(image.data.every((v) => v >= 0 && v <= 1)).toBe(true);
    expect(label.shape).toEqual(image.shape);
  });

  it('has another split: 12 + 50 and 18, without cases 25 and 70', () => {
    const { train, test } = protocolOf('pancreas-coranet').splits;
    expect([train.length, test.length]).toEqual([62, 18]);
    expect([...train, ...test]).not.toContain('image0025');
    expect([...train, ...test]).not.toContain('image0070');
    expect(protocolOf('pancreas').splits.test).toHaveLength(20);
  });
});

describe('a label that lies elsewhere than its scan', () => {
  const flipped = (label: Volume): Volume => {
    const [n0, n1, n2] = label.shape;
    const data = label.data.slice();
    for (let i = 0; i < n0; i++)
      for (let j = 0; j < n1; j++)
        for (let k = 0; k < n2; k++) data[(i * n1 + j) * n2 + k] = label.data[(i * n1 + n1 - 1 - j) * n2 + k]!;
    // As files of another program: the same array, but at the origin.
    return { ...label, data, affine: [1, 0, 0, 50, 0, 1, 0, 50, 0, 0, 1, 50, 0, 0, 0, 1] };
  };

  it('is turned so that it lies on soft tissue, and the notes say so', () => {
    const { label, notes } = alignLabel(raw.image, flipped(raw.label), 'p');
    expect(Buffer.compare(Buffer.from(label.data.buffer), Buffer.from(raw.label.data.buffer))).toBe(0);
    expect(label.affine).toEqual(raw.image.affine);
    expect(notes[0]).toMatch(/flipped along 'y', where 100\.0 % of it is on soft tissue/);
  });

  it('is turned as it is said', () => {
    const { label } = alignLabel(raw.image, flipped(raw.label), 'p', 'y');
    expect(Buffer.compare(Buffer.from(label.data.buffer), Buffer.from(raw.label.data.buffer))).toBe(0);
    expect(() => alignLabel(raw.image, raw.label, 'p', 'up')).toThrow(/labelFlip: expected one of none, x, y/);
  });

  it('is refused where no turn is clearly the best, or its shape is another', () => {
    const even = ballCase([20, 20, 20], [9, 9, 9], 4, { image: () => 50 });
    const away = { ...even.label, affine: [1, 0, 0, 50, 0, 1, 0, 50, 0, 0, 1, 50, 0, 0, 0, 1] };
    expect(() => alignLabel(even.image, away, 'p')).toThrow(/label\.nii: it lies elsewhere .* say it by --label-flip/);
    expect(() => alignLabel(raw.image, away, 'p')).toThrow(
      /its shape \[20,20,20\] is not that of its scan, \[130,140,24\]/,
    );
  });

  it('stays as it is where the files agree on their place', () => {
    const { label, notes } = alignLabel(raw.image, raw.label, 'p');
    expect(notes).toEqual([]);
    expect(Buffer.compare(Buffer.from(label.data.buffer), Buffer.from(raw.label.data.buffer))).toBe(0);
  });
});

it('finds a series a case by the number in its folder’s name, and its label anywhere', () => {
  const found = protocolOf('pancreas').find([
    'Pancreas-CT/PANCREAS_0001/s/t/000001.dcm',
    'Pancreas-CT/PANCREAS_0001/s/t/000002.dcm',
    'Pancreas-CT/PANCREAS_0002/s/t/000001.dcm',
    'PANCREAS_0003.nii.gz',
    'labels/label0001.nii.gz',
    'labels/label0003.nii.gz',
  ]);
  expect([...found]).toEqual([
    ['image0001', { image: 'Pancreas-CT/PANCREAS_0001', label: 'labels/label0001.nii.gz' }],
    ['image0003', { image: 'PANCREAS_0003.nii.gz', label: 'labels/label0003.nii.gz' }],
  ]);
});
