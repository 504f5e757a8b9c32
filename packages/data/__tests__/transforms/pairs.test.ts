import { stream, type Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyCopyPaste, applyCutMix, drawCopyPaste, drawCutMix } from '../../src/index.js';
import { sampleOf, shapes } from './samples.js';

describe('copy-paste', () => {
  it('shares the voxels of two samples out among the results: each goes to one of them, image and label', () => {
    fc.assert(
      fc.property(shapes, fc.integer(), (shape, seed) => {
        const [a, b] = [sampleOf(shape, 1), sampleOf(shape, 2)];
        const record = JSON.parse(JSON.stringify(drawCopyPaste(stream(seed, 'test'), shape)));
        const { samples, mask } = applyCopyPaste(a, b, record);
        const [first, second] = samples;
        let inside = 0;
        for (const [n, own] of mask.entries()) {
          const [kept, given] = own ? [a, b] : [b, a];
          inside += 1 - own;
          expect([first.image[n], second.image[n]]).toEqual([kept.image[n], given.image[n]]);
          expect([first.label![n], second.label![n]]).toEqual([kept.label![n], given.label![n]]);
        }
        expect(inside).toBe(record.size.reduce((x: number, y: number) => x * y, 1));
        // Once more, and everything is where it was.
        expect(applyCopyPaste(first, second, record).samples).toEqual([a, b]);
      }),
    );
  });

  it('takes a box of two thirds of each side, at any place in the volume', () => {
    const drawn = Array.from({ length: 300 }, (_, n) => drawCopyPaste(stream(n, 'test'), [112, 96, 3]));
    for (const { start, size } of drawn) {
      expect(size).toEqual([74, 64, 2]);
      expect(start.every((at, axis) => at + size[axis]! <= [112, 96, 3][axis]!)).toBe(true);
    }
    expect(new Set(drawn.map(({ start }) => start[2]))).toEqual(new Set([0, 1]));
    expect(drawCopyPaste(stream(0, 'test'), [1, 1, 1]).size).toEqual([1, 1, 1]);
  });

  it('gives labels only where both samples have one, and refuses samples of two shapes', () => {
    const [a, { image, shape }] = [sampleOf([4, 4, 4], 1), sampleOf([4, 4, 4], 2)];
    const record = drawCopyPaste(stream(0, 'test'), shape);
    expect(applyCopyPaste(a, { image, shape }, record).samples.map((s) => s.label)).toEqual([undefined, undefined]);
    expect(() => applyCopyPaste(a, sampleOf([4, 4, 5]), record)).toThrow(
      /two samples of one shape, got \[4,4,4\] and \[4,4,5\]/,
    );
    const outside = { ...record, start: [3, 0, 0] as Triple };
    expect(() => applyCopyPaste(a, a, outside)).toThrow(/copyPaste: a box of .* does not lie in samples/);
  });
});

describe('CutMix', () => {
  it('fills the box from the partner and leaves the rest, and what it was given', () => {
    fc.assert(
      fc.property(shapes, fc.integer(), fc.subarray([0, 1, 2], { minLength: 1 }), (shape, seed, axes) => {
        const [a, b] = [sampleOf(shape, 1), sampleOf(shape, 2)];
        const record = drawCutMix(stream(seed, 'test'), shape, { axes });
        const mixed = applyCutMix(a, b, record);
        const { start, size } = record;
        for (let axis = 0; axis < 3; axis++) if (!axes.includes(axis)) expect(size[axis]).toBe(shape[axis]);
        for (let n = 0; n < a.image.length; n++) {
          const at = [Math.floor(n / (shape[1] * shape[2])), Math.floor(n / shape[2]) % shape[1], n % shape[2]];
          const inside = at.every((x, axis) => x >= start[axis]! && x < start[axis]! + size[axis]!);
          expect(mixed.image[n]).toBe((inside ? b : a).image[n]);
          expect(mixed.label![n]).toBe((inside ? b : a).label![n]);
        }
        expect([a, b]).toEqual([sampleOf(shape, 1), sampleOf(shape, 2)]);
      }),
    );
  });
});
