import { type StrongPlan, stream, type Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { geometryIndex } from '../../src/augment/geometry.js';
import { strongImages, strongPlan } from '../../src/augment/strong.js';

const geometryOnly = { brightness: false, noise: false, normalise: 'none' } as const;

function images(batch: number, [d, h, w]: Triple, seed = 0): Float32Array {
  return stream(seed, 'test/images').normals(batch * d * h * w);
}

describe('geometryIndex', () => {
  it('moves voxels exactly as the images move, where nothing is interpolated', () => {
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.tuple(size, size, size), fc.integer({ min: 1, max: 4 }), fc.nat(), (shape, batch, seed) => {
        const plan = strongPlan(shape, batch, stream(seed, 'test'), { ...geometryOnly, resize: false });
        const x = images(batch, shape);
        const index = geometryIndex(plan);
        expect([...strongImages(x, plan)]).toEqual([...index].map((i) => x[i]!));
      }),
    );
  });

  it('agrees with the cubic image of a coordinate volume to within half a source voxel', () => {
    const shape: Triple = [16, 12, 3];
    for (let seed = 0; seed < 30; seed++) {
      const plan = strongPlan(shape, 3, stream(seed, 'test'), geometryOnly);
      const index = geometryIndex(plan);
      const n = 16 * 12 * 3;
      // Three volumes in one batch: its row, its column, and which sample it is, in the images' values.
      for (const coordinate of [
        (i: number) => Math.floor((i % n) / 36),
        (i: number) => Math.floor((i % 36) / 3),
        (i: number) => 100 * Math.floor(i / n),
        (i: number) => i % 3,
      ]) {
        const x = Float32Array.from({ length: 3 * n }, (_, i) => coordinate(i));
        const out = strongImages(x, plan);
        out.forEach((v, i) => {
          // Nearest is at most half a source voxel away; a clamped cubic overshoots by at most .2 at the edge.
          if (index[i]! >= 0) expect(Math.abs(v - x[index[i]!]!)).toBeLessThan(0.75);
        });
      }
    }
  });

  it('says −1 exactly where a smaller image was padded', () => {
    const plan: StrongPlan = {
      shape: [8, 8, 1],
      normalise: 'none',
      geometry: [{ scale: 0.5, box: null, partner: 0, k: 0, flipAxis: null }],
      intensity: [{ brightness: null, noise: null }],
    };
    const inside = [...geometryIndex(plan)].map((v, i) => [v >= 0, [Math.floor(i / 8), i % 8]] as const);
    for (const [kept, [x, y]] of inside) expect(kept).toBe(x! >= 2 && x! < 6 && y! >= 2 && y! < 6);
    // The image is reflected there instead: no zeros.
    expect([...strongImages(new Float32Array(64).fill(3), plan)].every((v) => Math.abs(v - 3) < 1e-5)).toBe(true);
  });

  it('takes the box from the partner as the partner looks after its own resize', () => {
    const plan: StrongPlan = {
      shape: [8, 8, 1],
      normalise: 'none',
      geometry: [
        { scale: null, box: { d0: 0, d1: 4, h0: 0, h1: 8 }, partner: 1, k: 0, flipAxis: null },
        { scale: 0.5, box: null, partner: 1, k: 0, flipAxis: null },
      ],
      intensity: [
        { brightness: null, noise: null },
        { brightness: null, noise: null },
      ],
    };
    const index = geometryIndex(plan);
    expect([...index.subarray(0, 32)]).toEqual([...index.subarray(64, 96)]);
    expect([...index.subarray(32, 64)]).toEqual(Array.from({ length: 32 }, (_, i) => 32 + i));
  });
});

describe('strongPlan', () => {
  it('survives JSON and gives the same images again', () => {
    const plan = strongPlan([8, 8, 4], 2, stream(3, 'test'));
    const x = images(2, [8, 8, 4]);
    const kept = x.slice();
    const replayed = JSON.parse(JSON.stringify(plan)) as StrongPlan;
    expect(strongImages(x, replayed)).toEqual(strongImages(x, plan));
    expect(x).toEqual(kept);
  });

  it('draws with the probabilities and ranges of the method', () => {
    const count = { brightness: 0, noise: 0, turn: 0, identity: 0 };
    let area = 0;
    const runs = 4000;
    for (let i = 0; i < runs; i++) {
      const { geometry, intensity } = strongPlan([32, 32, 4], 2, stream(i, 'test'));
      const [g, v] = [geometry[0]!, intensity[0]!];
      if (v.brightness !== null) count.brightness++;
      if (v.noise) count.noise++;
      if (g.flipAxis !== null) count.turn++;
      if (g.partner === 0) count.identity++;
      expect(g.scale! >= 0.5 && g.scale! < 1.5).toBe(true);
      const { d0, d1, h0, h1 } = g.box!;
      expect(d0 >= 0 && d1 <= 32 && h0 >= 0 && h1 <= 32 && d0 <= d1 && h0 <= h1).toBe(true);
      area += ((d1 - d0) * (h1 - h0)) / 1024;
    }
    expect(count.brightness / runs).toBeCloseTo(0.8, 1);
    expect(count.noise / runs).toBeCloseTo(0.5, 1);
    expect(count.turn / runs).toBeCloseTo(0.5, 1);
    expect(count.identity / runs).toBeCloseTo(0.5, 1);
    expect(area / runs).toBeGreaterThan(0.354 - 0.02); // METHOD §6: the mean area is .354 of the plane
    expect(area / runs).toBeLessThan(0.354 + 0.02);
  });

  it('switches every part off', () => {
    const off = {
      resize: false,
      cutMix: false,
      brightness: false,
      noise: false,
      turn: false,
      normalise: 'none',
    } as const;
    const x = images(2, [4, 6, 2]);
    expect(strongImages(x, strongPlan([4, 6, 2], 2, stream(0, 'test'), off))).toEqual(x);
  });

  it('ends in [0, 1] with min-max and leaves z-scores their range without', () => {
    for (let i = 0; i < 20; i++) {
      const x = images(2, [8, 8, 4], i);
      const out = strongImages(x, strongPlan([8, 8, 4], 2, stream(i, 'test')));
      for (const n of [0, 1]) {
        const sample = out.subarray(n * 256, (n + 1) * 256);
        expect(Math.min(...sample)).toBe(0);
        expect(Math.max(...sample)).toBeCloseTo(1, 6);
      }
      const z = strongImages(x, strongPlan([8, 8, 4], 2, stream(i, 'test'), { normalise: 'none' }));
      expect(Math.min(...z)).toBeLessThan(-1);
    }
  });

  it('refuses images of another size', () => {
    expect(() => strongImages(new Float32Array(10), strongPlan([2, 2, 2], 1, stream(0, 't')))).toThrow(
      'expected images [1,2,2,2] = 8 voxels, got 10',
    );
  });
});
