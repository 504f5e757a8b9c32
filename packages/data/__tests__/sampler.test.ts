import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { twoStreamSampler } from '../src/sampler.js';

const options = { labelled: ['a', 'b', 'c'], unlabelled: ['u', 'v', 'w', 'x'], batch: [2, 3] as const, seed: 5 };

describe('twoStreamSampler', () => {
  it('is a pure function of the iteration', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), (first, second) => {
        const a = twoStreamSampler(options);
        const b = twoStreamSampler(options);
        const early = a(first);
        a(second);
        b(second);
        expect(b(first)).toEqual(early);
      }),
    );
  });

  it('takes as many as asked from each list, with replacement, evenly', () => {
    const counts = new Map<string, number>();
    let repeated = 0;
    for (let i = 0; i < 2000; i++) {
      const { labelled, unlabelled } = twoStreamSampler(options)(i);
      expect(labelled).toHaveLength(2);
      expect(unlabelled).toHaveLength(3);
      if (labelled[0] === labelled[1]) repeated++;
      for (const id of [...labelled, ...unlabelled]) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const id of options.labelled) expect(counts.get(id)! / 4000).toBeCloseTo(1 / 3, 1);
    for (const id of options.unlabelled) expect(counts.get(id)! / 6000).toBeCloseTo(1 / 4, 1);
    expect(repeated / 2000).toBeCloseTo(1 / 3, 1);
  });

  it('names the empty list, unless nothing is wanted from it', () => {
    expect(() => twoStreamSampler({ ...options, unlabelled: [] })).toThrow('no unlabelled case');
    expect(() => twoStreamSampler({ ...options, labelled: [] })).toThrow('no labelled case');
    expect(twoStreamSampler({ ...options, unlabelled: [], batch: [2, 0] })(0).unlabelled).toEqual([]);
  });
});
