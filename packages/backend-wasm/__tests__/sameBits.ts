import { describe, expect, it } from 'vitest';
import type { Bits } from './bits.js';

/** Holds engines with different numbers of threads, each started by `compute`, to the same results. */
export function holdSameBits(compute: (threads: number) => Promise<Bits>): void {
  describe('threads', () => {
    it('do not change one bit of a result: 1, 2 and 4 give the same', async () => {
      const one = await compute(1);
      expect(one).toMatchObject({ threads: 1, helped: 0 });
      expect(one.values.every((values) => values.every(Number.isFinite))).toBe(true);
      for (const threads of [2, 4]) {
        const many = await compute(threads);
        expect(many.threads).toBe(threads);
        expect(many.helped).toBeGreaterThanOrEqual(10);
        expect(many.values.length).toBe(one.values.length);
        many.values.forEach((values, i) => {
          const wanted = words(one.values[i]!);
          expect(
            words(values).findIndex((word, at) => word !== wanted[at]),
            `result ${i} differs at`,
          ).toBe(-1);
          expect(values.length).toBe(wanted.length);
        });
      }
    });
  });
}

const words = ({ buffer, byteOffset, length }: Float32Array) => new Int32Array(buffer, byteOffset, length);
