import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearScale, logScale, roundTicks, shortNumber } from '../../src/report/scale.js';

const values = (scale: { ticks: { value: number }[] }) => scale.ticks.map(({ value }) => value);

describe('ticks', () => {
  it('are round and within the range', () => {
    expect(roundTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(roundTicks(-3, 7)).toEqual([-2, 0, 2, 4, 6]);
    expect(roundTicks(5, 5)).toEqual([5]);
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, span) => {
          const ticks = roundTicks(low, low + span);
          expect(ticks.length).toBeGreaterThanOrEqual(2);
          expect(ticks.length).toBeLessThanOrEqual(12);
        },
      ),
    );
  });

  it('are written without more digits than they need', () => {
    expect([0, 0.25, 12, 1500, 40_000, 2e6, 2e-5].map(shortNumber)).toEqual([
      '0',
      '0.25',
      '12',
      '1,500',
      '40,000',
      '2e6',
      '2e-5',
    ]);
  });
});

describe('scales', () => {
  it('map ends to ends, and widen to round ticks where asked', () => {
    const scale = linearScale([0, 93], [100, 0], 5, true);
    expect([scale(0), scale(100)]).toEqual([100, 0]);
    expect(values(scale)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(linearScale([3, 3], [0, 10])(3)).toBe(5);
  });

  it('put powers of ten at equal distances', () => {
    const scale = logScale([0.001, 10], [0, 4]);
    expect([0.001, 0.1, 10].map((v) => Math.round(scale(v) * 1e9) / 1e9)).toEqual([0, 2, 4]);
    expect(values(scale)).toEqual([0.001, 0.01, 0.1, 1, 10]);
    expect(values(logScale([1, 30], [0, 1]))).toEqual([1, 2, 5, 10, 20]);
  });
});
