import { stream, type Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weakBatch } from '../../src/augment/batch.js';
import { padForPatch } from '../../src/augment/crop.js';
import { applyWeakPlan, type WeakPlan, weakPatch, weakPlan } from '../../src/augment/weak.js';
import type { PreparedCase } from '../../src/types.js';

function numbered(shape: Triple): PreparedCase {
  const n = shape[0] * shape[1] * shape[2];
  return {
    id: 'numbered',
    image: Float32Array.from({ length: n }, (_, i) => i),
    label: Uint8Array.from({ length: n }, (_, i) => (i % 5 === 0 ? 2 : i % 3 === 0 ? 1 : 0)),
    shape,
  };
}

/** The same steps, one whole volume at a time, as METHOD §6 writes them. */
function slowly(source: PreparedCase, plan: WeakPlan): { image: number[]; label: number[] } {
  type Cube = number[][][];
  const [n0, n1, n2] = source.shape;
  const cube = (data: ArrayLike<number>): Cube =>
    Array.from({ length: n0 }, (_, i) =>
      Array.from({ length: n1 }, (_, j) => Array.from({ length: n2 }, (_, k) => data[(i * n1 + j) * n2 + k]!)),
    );
  const rot90 = (m: Cube): Cube => m[0]!.map((_, x) => m.map((_, y) => m[y]![m[0]!.length - 1 - x]!));
  const turn = (m: Cube): Cube => {
    let out = m;
    for (let i = 0; i < plan.k; i++) out = rot90(out);
    if (plan.flipAxis === 0) out = [...out].reverse();
    if (plan.flipAxis === 1) out = out.map((row) => [...row].reverse());
    return out;
  };
  const low = Math.min(...source.image);
  const high = Math.max(...source.image);
  const bright = (v: number) => {
    const scaled = plan.minmax ? (v - low) / (high - low) : v;
    const b = scaled * (plan.brightness ?? 1);
    return plan.minmax ? Math.min(Math.max(b, 0), 1) : b;
  };
  const crop = (m: Cube): number[] => {
    const out: number[] = [];
    const [p0, p1, p2] = plan.patch;
    for (let a = 0; a < p0; a++)
      for (let b = 0; b < p1; b++)
        for (let c = 0; c < p2; c++) out.push(m[a + plan.start[0]]?.[b + plan.start[1]]?.[c + plan.start[2]] ?? 0);
    return out;
  };
  return { image: crop(turn(cube(Array.from(source.image, bright)))), label: crop(turn(cube(source.label!))) };
}

describe('weakPatch', () => {
  it('equals the steps done one after the other on the whole volume', () => {
    const size = fc.integer({ min: 2, max: 9 });
    fc.assert(
      fc.property(
        fc.tuple(size, size, size),
        fc.tuple(size, size, size),
        fc.nat(),
        fc.boolean(),
        (shape, patch, seed, minmax) => {
          const source = numbered(shape);
          const plan = weakPlan(shape, patch, stream(seed, 'test'), { minmax });
          const replayed = JSON.parse(JSON.stringify(plan)) as WeakPlan;
          const fast = applyWeakPlan(source, replayed);
          const slow = slowly(source, plan);
          expect([...fast.label!]).toEqual(slow.label);
          fast.image.forEach((v, i) => {
            expect(Math.abs(v - slow.image[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slow.image[i]!)));
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('draws every position a padded volume allows, and only those', () => {
    const starts = new Set<number>();
    for (let i = 0; i < 400; i++) starts.add(weakPlan([8, 8, 8], [6, 6, 6], stream(0, 'test', i)).start[2]);
    expect([...starts].sort((a, b) => a - b)).toEqual([0, 1, 2]);
    // side 5 ≤ 6: ⌊(6 − 5)/2⌋ + 3 = 3 zeros on both ends
    const padded = new Set<number>();
    for (let i = 0; i < 400; i++) padded.add(weakPlan([8, 8, 5], [6, 6, 6], stream(0, 'test', i)).start[2]);
    expect([...padded].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2]);
  });

  it('switches every part off', () => {
    const off = { rotate: false, flip: 'never', brightness: false, minmax: false } as const;
    const source = numbered([4, 5, 6]);
    for (let i = 0; i < 20; i++) {
      const plan = weakPlan(source.shape, [2, 2, 2], stream(0, 'test', i), off);
      expect([plan.k, plan.flipAxis, plan.brightness, plan.minmax]).toEqual([0, null, null, false]);
      expect(applyWeakPlan(source, plan).image[0]).toBe((plan.start[0] * 5 + plan.start[1]) * 6 + plan.start[2]);
    }
    for (let i = 0; i < 20; i++)
      expect(weakPlan([4, 4, 4], [2, 2, 2], stream(0, 't', i), { flip: 'always' }).flipAxis).not.toBeNull();
  });

  it('gives no label where the case has none, and names a case whose sizes disagree', () => {
    const { label: _, ...source } = numbered([6, 6, 6]);
    expect(weakPatch(source, [4, 4, 4], stream(0, 'test')).label).toBeUndefined();
    expect(() => weakPatch({ ...source, shape: [6, 6, 5] }, [4, 4, 4], stream(0, 'test'))).toThrow(
      'case numbered: expected image',
    );
    expect(() => weakPlan([6, 6, 6], [4, 0, 4], stream(0, 'test'))).toThrow('patch');
  });
});

describe('padForPatch', () => {
  it('pads every short axis when one is not larger than the patch, and none otherwise', () => {
    expect(padForPatch([10, 10, 10], [8, 8, 8])).toEqual([0, 0, 0]);
    expect(padForPatch([10, 8, 20], [8, 8, 8])).toEqual([2, 3, 0]);
    expect(padForPatch([3, 30, 30], [8, 8, 8])).toEqual([5, 0, 0]);
  });
});

describe('weakBatch', () => {
  it('stacks patches; a sample does not depend on its neighbours', () => {
    const [a, b] = [numbered([7, 8, 9]), numbered([9, 8, 7])];
    const options = { seed: 1, iteration: 4, purpose: 'labelled' };
    const two = weakBatch([a, b], [4, 4, 4], options);
    const swapped = weakBatch([b, b], [4, 4, 4], options);
    expect(two.images).toHaveLength(128);
    expect(two.images.subarray(64)).toEqual(swapped.images.subarray(64));
    expect(two.labels!.subarray(64)).toEqual(swapped.labels!.subarray(64));
    expect(two.images).not.toEqual(weakBatch([a, b], [4, 4, 4], { ...options, purpose: 'unlabelled' }).images);
    expect(two.caseIds).toEqual(['numbered', 'numbered']);
    expect(() => weakBatch([], [4, 4, 4], options)).toThrow('no cases');
  });
});
