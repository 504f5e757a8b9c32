import type { Triple } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { evaluateCase } from '../../src/metrics/evaluateCase.js';
import { bootstrapDeviation, summarize } from '../../src/metrics/summary.js';

const shape: Triple = [1, 1, 4];
const score = (prediction: number[], reference: number[], classes = 2) =>
  evaluateCase(Uint8Array.from(prediction), Uint8Array.from(reference), shape, [1, 1, 1], classes);

describe('summarize', () => {
  it('means over cases, class by class, leaves undefined values out, and counts what it left out', () => {
    const cases = [
      score([1, 1, 0, 2], [1, 1, 0, 2], 3),
      score([1, 0, 0, 0], [1, 1, 0, 0], 3),
      score([0, 0, 0, 0], [1, 0, 0, 2], 3),
    ];
    const summary = summarize(cases);
    expect(summary.classes.map(({ class: label, dice }) => [label, dice.mean, dice.cases])).toEqual([
      [1, (1 + 2 / 3 + 0) / 3, 3],
      [2, 0.5, 2],
    ]);
    expect(summary.mean.dice.mean).toBeCloseTo((1 + 2 / 3 + 0) / 3, 12);
    expect(summary.emptyPredictions).toBe(2);
    expect(summary.cases).toBe(3);
  });

  it('has null where nothing is defined', () => {
    expect(summarize([score([0, 0, 0, 0], [0, 0, 0, 0])]).mean.hd95).toEqual({ mean: null, bootstrap: null, cases: 0 });
    expect(summarize([]).mean.dice.mean).toBeNull();
  });
});

describe('bootstrapDeviation', () => {
  it('comes near the standard error, and is the same for the same seed', () => {
    const values = Array.from({ length: 50 }, (_, i) => i);
    // Standard deviation of 0 … 49 is 14.43; over √50 that is 2.04.
    expect(bootstrapDeviation(values, { resamples: 2000 })).toBeCloseTo(2.04, 0);
    expect(bootstrapDeviation(values, { seed: 3 })).toBe(bootstrapDeviation(values, { seed: 3 }));
    expect(bootstrapDeviation(values, { seed: 3 })).not.toBe(bootstrapDeviation(values, { seed: 4 }));
  });

  it('is 0 for equal values and for one, null for none', () => {
    expect(bootstrapDeviation([2, 2, 2])).toBe(0);
    expect(bootstrapDeviation([2])).toBe(0);
    expect(bootstrapDeviation([])).toBeNull();
  });
});
