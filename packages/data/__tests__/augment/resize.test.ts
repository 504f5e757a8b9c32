import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisResize, resizeInPlane } from '../../src/augment/resize.js';

describe('axisResize', () => {
  it('has weights that sum to one and taps inside', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0.3, max: 2, noNaN: true }), (n, scale) => {
        const { taps, weights, nearest } = axisResize(n, scale);
        for (let x = 0; x < n; x++) {
          expect(weights.slice(4 * x, 4 * x + 4).reduce((a, b) => a + b)).toBeCloseTo(1, 9);
          for (const tap of taps.slice(4 * x, 4 * x + 4)) expect(tap >= 0 && tap < n).toBe(true);
          expect(nearest[x]! >= -1 && nearest[x]! < n).toBe(true);
        }
      }),
    );
  });

  it('pads what the smaller image leaves, both ends', () => {
    // 8 voxels × .5 = 4, two of padding on each side
    expect([...axisResize(8, 0.5).nearest]).toEqual([-1, -1, 1, 3, 5, 7, -1, -1]);
    // 7 × .5 = 3 (floored): (7 − 3)/2 on each side
    expect([...axisResize(7, 0.5).nearest]).toEqual([-1, -1, 1, 3, 5, -1, -1]);
  });

  it('crops the middle of the larger image', () => {
    expect([...axisResize(8, 1.5).nearest]).toEqual([1, 2, 3, 3, 4, 5, 5, 6]);
  });

  it('interpolates with Keys’ cubic, a = −0.75, at half-pixel centres', () => {
    const { taps, weights } = axisResize(4, 2);
    const source = [0, 1, 4, 9];
    const out = [0, 1, 2, 3].map((x) =>
      [0, 1, 2, 3].reduce((sum, t) => sum + weights[4 * x + t]! * source[taps[4 * x + t]!]!, 0),
    );
    const cubic = (p: number[], t: number) => {
      const a = -0.75;
      const near = (s: number) => ((a + 2) * s - (a + 3)) * s * s + 1;
      const far = (s: number) => a * (((s - 5) * s + 8) * s - 4);
      return p[0]! * far(1 + t) + p[1]! * near(t) + p[2]! * near(1 - t) + p[3]! * far(2 - t);
    };
    // resized positions 2 … 5 lie at source .75, 1.25, 1.75, 2.25
    expect(out[0]).toBeCloseTo(cubic([0, 0, 1, 4], 0.75), 9);
    expect(out[1]).toBeCloseTo(cubic([0, 1, 4, 9], 0.25), 9);
    expect(out[2]).toBeCloseTo(cubic([0, 1, 4, 9], 0.75), 9);
    expect(out[3]).toBeCloseTo(cubic([1, 4, 9, 9], 0.25), 9);
  });
});

describe('resizeInPlane', () => {
  it('leaves depth alone and reproduces a ramp away from the edges', () => {
    const [d, h, w] = [12, 10, 3];
    const ramp = Float32Array.from({ length: d * h * w }, (_, i) => Math.floor(i / (h * w)) + 100 * (i % w));
    const out = ramp.slice();
    resizeInPlane(out, [d, h, w], 1.5, new Float32Array(d * h * w));
    for (let x = 2; x < d - 2; x++) {
      const source = ((x + 3 + 0.5) * 12) / 18 - 0.5;
      for (let z = 0; z < w; z++) expect(out[(x * h + 5) * w + z]).toBeCloseTo(source + 100 * z, 0);
    }
  });

  it('changes nothing at scale one', () => {
    const data = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i));
    const out = data.slice();
    resizeInPlane(out, [4, 5, 3], 1, new Float32Array(60));
    out.forEach((v, i) => {
      expect(v).toBeCloseTo(data[i]!, 6);
    });
  });
});
