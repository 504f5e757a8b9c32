import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldPosition } from '../src/boundary.js';
import { splineCoefficients } from '../src/bspline.js';
import { arrayOf, cases } from './transforms/golden.js';

describe('splineCoefficients', () => {
  it('agrees with scipy.ndimage.spline_filter1d on lines of every length, mirrored and reflected', () => {
    let compared = 0;
    for (const { samples, ...wanted } of cases.spline) {
      for (const boundary of ['mirror', 'reflect'] as const) {
        const line = Float64Array.from(arrayOf(samples));
        // SciPy's reflected spline misses the first of few samples, by 2e-2 of 2: see the next test for ours.
        if (boundary === 'reflect' && line.length > 1 && line.length < 8) continue;
        compared++;
        splineCoefficients(line, line.length, 1, boundary);
        for (const [n, c] of arrayOf(wanted[boundary]).entries()) expect(line[n]).toBeCloseTo(c, 4);
      }
    }
    expect(compared).toBe(13);
  });

  it('is undone by the spline at the samples, up to both ends, on several lines at once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom('mirror', 'reflect'),
        fc.infiniteStream(fc.double({ min: -1000, max: 1000, noNaN: true })),
        (n, width, boundary, values) => {
          const samples = Float64Array.from({ length: n * width }, () => values.next().value as number);
          const c = samples.slice();
          splineCoefficients(c, n, width, boundary);
          const at = (k: number, q: number) => c[foldPosition(k, n, boundary) * width + q]!;
          for (let k = 0; k < n; k++) {
            for (let q = 0; q < width; q++) {
              const value = (at(k - 1, q) + 4 * at(k, q) + at(k + 1, q)) / 6;
              expect(Math.abs(value - samples[k * width + q]!)).toBeLessThan(1e-9);
            }
          }
        },
      ),
    );
  });
});

describe('foldPosition', () => {
  it('continues a line as SciPy names it, however far outside', () => {
    const line = (n: number, outside: 'nearest' | 'mirror' | 'reflect') =>
      Array.from({ length: 11 }, (_, k) => foldPosition(k - 4, n, outside));
    expect(line(3, 'nearest')).toEqual([0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2]);
    expect(line(3, 'mirror')).toEqual([0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
    expect(line(3, 'reflect')).toEqual([2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
    for (const outside of ['nearest', 'mirror', 'reflect'] as const) {
      expect(new Set(line(1, outside))).toEqual(new Set([0]));
    }
    expect(foldPosition(-0.25, 4, 'mirror')).toBe(0.25);
    expect(foldPosition(4.25, 4, 'reflect')).toBe(2.75);
  });
});
