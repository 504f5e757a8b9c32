import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalise, percentiles } from '../src/normalise.js';

const finite = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), {
  minLength: 2,
  maxLength: 60,
});

describe('normalise', () => {
  it('interpolates percentiles as numpy does', () => {
    // numpy.percentile([3, 1, 2, 10], [0, 25, 50, 90, 100])
    for (const [n, value] of percentiles(Int16Array.of(3, 1, 2, 10), [0, 25, 50, 90, 100]).entries()) {
      expect(value).toBeCloseTo([1, 1.75, 2.5, 7.9, 10][n]!, 6);
    }
  });

  it('selects what sorting would', () => {
    fc.assert(
      fc.property(finite, fc.integer({ min: 0, max: 100 }), (values, point) => {
        const sorted = Float32Array.from(values).sort();
        const rank = (point / 100) * (values.length - 1);
        const low = sorted[Math.floor(rank)]!;
        const want = low + (rank % 1) * (sorted[Math.ceil(rank)]! - low);
        expect(percentiles(Float32Array.from(values), [point])[0]).toBeCloseTo(want, 4);
      }),
    );
  });

  it('scales to [0, 1], or to mean 0 and deviation 1', () => {
    fc.assert(
      fc.property(finite, (values) => {
        fc.pre(Math.max(...values) - Math.min(...values) > 0.1);
        const unit = normalise(Float32Array.from(values), 'minmax');
        expect([Math.min(...unit), Math.max(...unit)]).toEqual([0, 1]);
        const scored = normalise(Float32Array.from(values), 'zscore');
        const mean = scored.reduce((a, b) => a + b, 0) / scored.length;
        expect(mean).toBeCloseTo(0, 4);
        expect(scored.reduce((a, b) => a + (b - mean) ** 2, 0) / scored.length).toBeCloseTo(1, 3);
      }),
    );
  });

  it('clips outliers before the z-score where asked', () => {
    const values = Float32Array.from({ length: 1001 }, (_, n) => (n === 500 ? 1e6 : n));
    expect(Math.max(...normalise(values, 'zscore'))).toBeGreaterThan(30);
    expect(Math.max(...normalise(values, 'percentile-zscore'))).toBeLessThan(1.8);
  });

  it.each(['minmax', 'zscore', 'percentile-zscore'] as const)('makes zeros of a constant image (%s)', (how) => {
    expect(new Set(normalise(new Float32Array(50).fill(3.3), how))).toEqual(new Set([0]));
  });

  it('can leave an image as it is', () => {
    expect([...normalise(Int16Array.of(-5, 7), 'none')]).toEqual([-5, 7]);
  });
});
