import { expect, it } from 'vitest';
import { pairedDifference } from '../../src/metrics/paired.js';

it('gives the mean difference with the t interval of SciPy', () => {
  // scipy.stats.t.interval(0.95, 4, d.mean(), sem(d)) of the five differences; the table has three decimals.
  const { mean, low, high, deviation } = pairedDifference(
    [0.718, 0.603, 0.745, 0.7, 0.69],
    [0.731, 0.756, 0.79, 0.71, 0.72],
  );
  expect(mean).toBeCloseTo(0.0502, 6);
  expect(deviation).toBeCloseTo(0.0591667, 6);
  expect(low).toBeCloseTo(-0.0232652, 4);
  expect(high).toBeCloseTo(0.1236652, 4);
});

it('refuses lists that cannot be paired', () => {
  expect(() => pairedDifference([1, 2], [1])).toThrow(/same length/);
  expect(() => pairedDifference([1], [1])).toThrow(/at least 2/);
});
