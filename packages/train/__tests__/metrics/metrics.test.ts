import { readFileSync } from 'node:fs';
import { stream, type Triple } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { connectedComponents } from '../../src/metrics/components.js';
import { squaredDistances } from '../../src/metrics/distanceTransform.js';
import { evaluateCase } from '../../src/metrics/evaluateCase.js';
import { dice, jaccard } from '../../src/metrics/overlap.js';
import { surface } from '../../src/metrics/surface.js';
import { asd, assd, hd95, percentile } from '../../src/metrics/surfaceMetrics.js';
import { slowSurface, slowSurfaceMetrics } from './bruteForce.js';

interface Golden {
  name: string;
  shape: Triple;
  spacing: Triple;
  prediction: number[];
  reference: number[];
  dice: number;
  jaccard: number;
  voxels: { hd95: number; asd: number; assd: number };
  mm: { hd95: number; asd: number; assd: number };
  squaredDistanceSum: number;
  components: Record<'6' | '26', number[]>;
}
const golden: Golden[] = JSON.parse(readFileSync(new URL('../golden/metrics.json', import.meta.url), 'utf8'));

const fromRuns = (runs: number[]): Uint8Array => Uint8Array.from(runs.flatMap((n, i) => Array<number>(n).fill(i % 2)));

function box(shape: Triple, from: Triple, to: Triple): Uint8Array {
  const mask = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let i = from[0]; i < to[0]; i++)
    for (let j = from[1]; j < to[1]; j++)
      for (let k = from[2]; k < to[2]; k++) mask[(i * shape[1] + j) * shape[2] + k] = 1;
  return mask;
}

function ball(shape: Triple, centre: Triple, radius: number): Uint8Array {
  return Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, v) => {
    const at = [Math.floor(v / (shape[1] * shape[2])), Math.floor(v / shape[2]) % shape[1], v % shape[2]];
    return Math.hypot(...at.map((x, a) => x - centre[a]!)) <= radius ? 1 : 0;
  });
}

describe.each(golden)('SciPy and NumPy agree: $name', (one) => {
  const prediction = fromRuns(one.prediction);
  const reference = fromRuns(one.reference);

  it('in every metric, in voxels and mm', () => {
    const { mean } = evaluateCase(prediction, reference, one.shape, one.spacing);
    const expected = {
      dice: one.dice,
      jaccard: one.jaccard,
      ...one.voxels,
      hd95Mm: one.mm.hd95,
      asdMm: one.mm.asd,
      assdMm: one.mm.assd,
    };
    for (const [name, value] of Object.entries(expected)) {
      expect([name, mean[name as keyof typeof mean]]).toEqual([name, expect.closeTo(value, 10)]);
    }
  });

  it('in the functions of one metric each', () => {
    expect(dice(prediction, reference)).toBeCloseTo(one.dice, 12);
    expect(jaccard(prediction, reference)).toBeCloseTo(one.jaccard, 12);
    expect(hd95(prediction, reference, one.shape, one.spacing)).toBeCloseTo(one.mm.hd95, 10);
    expect(asd(prediction, reference, one.shape)).toBeCloseTo(one.voxels.asd, 10);
    expect(assd(prediction, reference, one.shape)).toBeCloseTo(one.voxels.assd, 10);
  });

  it('in the distance transform and in connected components', () => {
    const sum = squaredDistances(prediction, one.shape, one.spacing).reduce((a, b) => a + b, 0);
    expect(Math.abs(sum / one.squaredDistanceSum - 1) || 0).toBeLessThan(1e-10);
    for (const connectivity of [6, 26] as const) {
      const { sizes } = connectedComponents(prediction, one.shape, { connectivity });
      expect(sizes.sort((a, b) => b - a)).toEqual(one.components[connectivity]);
    }
  });
});

describe('surface metrics', () => {
  it('equal a search over all pairs of surface voxels', () => {
    const shape: Triple = [9, 7, 6];
    for (let seed = 0; seed < 20; seed++) {
      const random = stream(seed, 'test');
      const spacing: Triple = [random.range(0.3, 3), random.range(0.3, 3), random.range(0.3, 3)];
      const mask = () => Uint8Array.from({ length: 378 }, () => Number(random.bernoulli(seed % 2 ? 0.05 : 0.6)));
      const [prediction, reference] = [mask(), mask()];
      expect(surface(prediction, shape).reduce((a, b) => a + b, 0)).toBe(slowSurface(prediction, shape).length);
      const slow = slowSurfaceMetrics(prediction, reference, shape, spacing);
      expect(hd95(prediction, reference, shape, spacing)).toBeCloseTo(slow.hd95, 10);
      expect(asd(prediction, reference, shape, spacing)).toBeCloseTo(slow.asd, 10);
      expect(assd(prediction, reference, shape, spacing)).toBeCloseTo(slow.assd, 10);
    }
  });

  it('of two parallel plates are their distance', () => {
    const shape: Triple = [20, 8, 8];
    const [a, b] = [box(shape, [3, 0, 0], [4, 8, 8]), box(shape, [10, 0, 0], [11, 8, 8])];
    expect(hd95(a, b, shape)).toBe(7);
    expect(asd(a, b, shape, [0.5, 9, 9])).toBe(3.5);
    expect(assd(a, b, shape)).toBe(7);
  });

  it('of one ball in another are the difference of radii, nearly', () => {
    const shape: Triple = [41, 41, 41];
    const [small, large] = [ball(shape, [20, 20, 20], 10), ball(shape, [20, 20, 20], 16)];
    expect(hd95(small, large, shape)).toBeGreaterThan(5.5);
    expect(hd95(small, large, shape)).toBeLessThan(6.7);
    expect(asd(large, small, shape)).toBeCloseTo(6, 0);
  });

  it('take the 95th percentile of both directions in ONE list', () => {
    const shape: Triple = [60, 1, 1];
    // Reference: 1 voxel; prediction: 20 single voxels at 0, 2, …, 38. Directed lists: 20 values and one value of 0.
    const reference = box(shape, [0, 0, 0], [1, 1, 1]);
    const prediction = Uint8Array.from({ length: 60 }, (_, i) => (i < 40 && i % 2 === 0 ? 1 : 0));
    // 21 values: 0, 0, 2, …, 38; position 19.
    expect(hd95(prediction, reference, shape)).toBe(36);
  });

  it('depend on direction where they should: asd counts false positives, not misses', () => {
    const shape: Triple = [30, 1, 1];
    const reference = box(shape, [0, 0, 0], [30, 1, 1]);
    const part = box(shape, [0, 0, 0], [3, 1, 1]);
    expect(asd(part, reference, shape)).toBe(0);
    expect(asd(reference, part, shape)).toBeGreaterThan(10);
  });

  it('count a voxel at the border of the volume as surface', () => {
    expect(surface(new Uint8Array(27).fill(1), [3, 3, 3]).reduce((a, b) => a + b, 0)).toBe(26);
  });

  it('interpolate percentiles as NumPy does', () => {
    expect(percentile([4, 1, 3, 2], 95)).toBeCloseTo(3.85, 12);
    expect(percentile([7], 95)).toBe(7);
    expect(percentile([1, 2, 3], 50)).toBe(2);
    expect(percentile([1, 2], 100)).toBe(2);
    expect(percentile([], 50)).toBeNaN();
  });
});

describe('evaluateCase', () => {
  const shape: Triple = [6, 6, 6];
  const object = box(shape, [1, 1, 1], [4, 4, 4]);
  const none = new Uint8Array(216);

  it('scores an empty prediction 0 in every column, as published tables have it', () => {
    const { mean } = evaluateCase(none, object, shape, [1, 1, 1]);
    expect(new Set(Object.values(mean))).toEqual(new Set([0]));
    expect(hd95(none, object, shape)).toBe(0);
  });

  it('has no distances where the reference is empty, and nothing where both are', () => {
    expect(evaluateCase(object, none, shape, [1, 1, 1]).mean).toMatchObject({
      dice: 0,
      jaccard: 0,
      hd95: null,
      asdMm: null,
    });
    expect(new Set(Object.values(evaluateCase(none, none, shape, [1, 1, 1]).mean))).toEqual(new Set([null]));
    expect([dice(none, none), jaccard(none, none), asd(none, none, shape)]).toEqual([null, null, null]);
  });

  it('scores each class by itself, and the mean over the foreground classes that are there', () => {
    const reference = Uint8Array.from(object, (v, i) => (v ? (i % 2) + 1 : 0));
    const prediction = Uint8Array.from(reference, (v) => (v === 2 ? 0 : v));
    const { classes, mean } = evaluateCase(prediction, reference, shape, [1, 1, 1], 4);
    expect(classes.map(({ class: label, dice }) => [label, dice])).toEqual([
      [1, 1],
      [2, 0],
      [3, null],
    ]);
    expect(mean.dice).toBe(0.5);
    expect(classes[1]).toMatchObject({ predictedVoxels: 0, referenceVoxels: 18 });
  });

  it('refuses volumes of different size, and options that cannot be', () => {
    expect(() => evaluateCase(none, new Uint8Array(8), shape, [1, 1, 1])).toThrow(/216 voxels, the reference 8/);
    expect(() => evaluateCase(none, object, [6, 6, 5], [1, 1, 1])).toThrow(/expected \[D, H, W\]/);
    expect(() => evaluateCase(none, object, shape, [1, 1, 1], 1)).toThrow(/classes/);
    expect(() => evaluateCase(none, object, shape, [1, 1, Number.NaN])).toThrow(/spacing/);
  });

  it('takes seconds on a left atrium of full size, in voxels and mm', () => {
    const full: Triple = [190, 142, 88];
    const reference = ball(full, [95, 70, 44], 40);
    const prediction = ball(full, [92, 73, 45], 41);
    prediction[0] = 1;
    prediction[prediction.length - 1] = 1;
    const start = performance.now();
    evaluateCase(prediction, reference, full, [0.6, 0.7, 1]);
    // 0.6 s on one core; the limit leaves room for a busy machine.
    expect((performance.now() - start) / 1000).toBeLessThan(4);
  });
});
