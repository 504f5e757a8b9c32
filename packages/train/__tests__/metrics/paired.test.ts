import { describe, expect, it } from 'vitest';
import { pairedDifference } from '../../src/metrics/paired.js';

describe('pairedDifference', () => {
  it('gives mean, deviation and the 95 % interval by t', () => {
    const { mean, deviation, interval, pairs } = pairedDifference([3, 5, 7, 9, 11], [2, 3, 4, 5, 6]);
    expect([mean, pairs]).toEqual([3, 5]);
    expect(deviation).toBeCloseTo(Math.sqrt(2.5), 12);
    // t(4) = 2.776; 2.776 · 1.5811 / √5.
    expect(interval[0]).toBeCloseTo(3 - 1.963, 3);
    expect(interval[1]).toBeCloseTo(3 + 1.963, 3);
  });

  it('comes near the normal interval for many pairs', () => {
    const values = Array.from({ length: 101 }, (_, i) => i % 2);
    const { mean, deviation, interval } = pairedDifference(values, new Array(101).fill(0));
    expect((interval[1] - mean) / (deviation / Math.sqrt(101))).toBeCloseTo(1.984, 3);
  });

  it('refuses what is not paired', () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(/2 and 1 values/);
    expect(() => pairedDifference([1], [1])).toThrow(/2 or more pairs/);
  });
});
