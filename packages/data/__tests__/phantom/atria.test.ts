import { isCrlnError } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { phantomAtria, phantomCase } from '../../src/phantom/atria.js';

const shape: [number, number, number] = [32, 24, 16];

describe('phantomAtria', () => {
  it('gives the same case whatever else is asked for, and in any order', () => {
    const forward = phantomAtria({ seed: 3, cases: [0, 1, 2], shape });
    const alone = phantomAtria({ seed: 3, cases: [2], shape })[0]!;
    expect(alone.image.data).toEqual(forward[2]!.image.data);
    expect(alone.label!.data).toEqual(forward[2]!.label!.data);
    expect(alone.id).toBe('atria-0002');
  });

  it('gives another volume for another case and for another seed', () => {
    const [a, b] = phantomAtria({ seed: 0, cases: 2, shape });
    const other = phantomCase(0, { seed: 1, shape });
    expect(a!.label!.data).not.toEqual(b!.label!.data);
    expect(a!.label!.data).not.toEqual(other.label!.data);
    expect(a!.image.data).not.toEqual(b!.image.data);
  });

  it('labels a share of the volume like that of the real data, 2 to 15 %', () => {
    const shares = phantomAtria({ cases: 12, shape }).map(({ label }) => share(label!.data, (v) => v > 0));
    for (const s of shares) expect(s).toBeGreaterThan(0.02);
    for (const s of shares) expect(s).toBeLessThan(0.15);
    const mean = shares.reduce((a, b) => a + b) / shares.length;
    expect(mean).toBeGreaterThan(0.05);
    expect(mean).toBeLessThan(0.1);
  });

  it('separates the veins into class 2 where three classes are asked for, and changes nothing else', () => {
    const two = phantomCase(4, { shape });
    const three = phantomCase(4, { shape, classes: 3 });
    expect(three.image.data).toEqual(two.image.data);
    expect(three.label!.data.map((v) => Math.min(v, 1))).toEqual(two.label!.data);
    const veins = share(three.label!.data, (v) => v === 2) / share(three.label!.data, (v) => v > 0);
    expect(veins).toBeGreaterThan(0.08);
    expect(veins).toBeLessThan(0.6);
    expect(Math.max(...two.label!.data)).toBe(1);
  });

  it('cannot be solved by intensity: most voxels as bright as the atrium are not atrium', () => {
    const outside: number[] = [];
    for (const { image, label } of phantomAtria({ cases: 8, shape })) {
      const target = [...image.data].filter((_, i) => label!.data[i]! > 0).sort((a, b) => a - b);
      const low = target[Math.floor(0.1 * target.length)]!;
      const high = target[Math.floor(0.9 * target.length)]!;
      let inWindow = 0;
      let wrong = 0;
      image.data.forEach((v, i) => {
        if (v < low || v > high) return;
        inWindow++;
        if (label!.data[i] === 0) wrong++;
      });
      outside.push(wrong / inWindow);
    }
    expect(Math.min(...outside)).toBeGreaterThan(0.4);
    expect(outside.reduce((a, b) => a + b) / outside.length).toBeGreaterThan(0.6);
  });

  it('shows the same anatomy at another resolution', () => {
    const coarse = phantomCase(1, { shape: [24, 18, 12] });
    const fine = phantomCase(1, { shape: [48, 36, 24] });
    const difference = share(coarse.label!.data, (v) => v > 0) / share(fine.label!.data, (v) => v > 0);
    expect(difference).toBeGreaterThan(0.85);
    expect(difference).toBeLessThan(1.15);
    expect(fine.image.spacing).toEqual([2.5, 2.5, 2.5]);
    expect(coarse.image.spacing).toEqual([5, 5, 5]);
  });

  it('has finite positive intensities on one grid with its label', () => {
    const { image, label } = phantomCase(0, { shape, spacing: [1, 2, 3] });
    expect(image.data.every((v) => Number.isFinite(v) && v >= 0)).toBe(true);
    expect(image.affine).toEqual([1, 0, 0, -15.5, 0, 2, 0, -23, 0, 0, 3, -22.5, 0, 0, 0, 1]);
    expect(label!.affine).toEqual(image.affine);
    expect(image.shape).toEqual(shape);
  });

  it('is fast', () => {
    const start = performance.now();
    phantomCase(0, { shape: [48, 40, 24] });
    expect(performance.now() - start).toBeLessThan(2000); // .15 s alone on a slow core; the machine may be shared
  });

  it('refuses a shape too small and another number of classes', () => {
    const thrown = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return isCrlnError(error, 'invalid-argument');
      }
      return false;
    };
    expect(thrown(() => phantomCase(0, { shape: [48, 36, 4] }))).toBe(true);
    expect(thrown(() => phantomCase(0, { classes: 4 as 3 }))).toBe(true);
  });
});

function share(data: ArrayLike<number>, test: (v: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (test(data[i]!)) count++;
  return count / data.length;
}
