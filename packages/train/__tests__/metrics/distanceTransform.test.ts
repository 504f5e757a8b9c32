import type { Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { squaredDistances } from '../../src/metrics/distanceTransform.js';
import { slowSquaredDistances } from './bruteForce.js';

const masks = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }))
  .chain((shape) => {
    const voxels = shape[0] * shape[1] * shape[2];
    return fc.record({
      shape: fc.constant(shape as Triple),
      mask: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: voxels, maxLength: voxels }),
    });
  })
  // One voxel in six is set, so that distances get long.
  .map(({ shape, mask }) => ({ shape, mask: Uint8Array.from(mask, (value) => (value === 5 ? 1 : 0)) }));
const lengths = fc.double({ min: 0.1, max: 5, noNaN: true });

describe('squaredDistances', () => {
  it('equals the search over all pairs exactly on a grid of unit voxels', () => {
    fc.assert(
      fc.property(masks, ({ shape, mask }) => {
        expect([...squaredDistances(mask, shape)]).toEqual(slowSquaredDistances(mask, shape, [1, 1, 1]));
      }),
      { numRuns: 300 },
    );
  });

  it('equals the search over all pairs to rounding with any spacing', () => {
    fc.assert(
      fc.property(masks, fc.tuple(lengths, lengths, lengths), ({ shape, mask }, spacing) => {
        const slow = slowSquaredDistances(mask, shape, spacing);
        squaredDistances(mask, shape, spacing).forEach((value, v) => {
          if (slow[v] === Number.POSITIVE_INFINITY) expect(value).toBe(slow[v]);
          else expect(Math.abs(value - slow[v]!)).toBeLessThanOrEqual(1e-12 * (1 + slow[v]!));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('is infinite where nothing is set, and takes an empty volume', () => {
    expect([...squaredDistances(new Uint8Array(8), [2, 2, 2])]).toEqual(Array(8).fill(Number.POSITIVE_INFINITY));
    expect(squaredDistances(new Uint8Array(0), [0, 3, 3])).toHaveLength(0);
  });

  it('refuses a shape or spacing that cannot be', () => {
    expect(() => squaredDistances(new Uint8Array(7), [2, 2, 2])).toThrow(/7 voxels, expected \[D, H, W\] = \[2,2,2\]/);
    expect(() => squaredDistances(new Uint8Array(8), [2, 2, 2], [1, 0, 1])).toThrow(/spacing/);
  });
});
