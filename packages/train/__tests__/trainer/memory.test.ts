import { describe, expect, it } from 'vitest';
import { checkMemory, checkPatch, estimateMemory, type MemoryQuestion } from '../../src/trainer/memory.js';

const question: MemoryQuestion = {
  network: { type: 'vNet', baseFilters: 16, levels: 4 },
  patch: [112, 112, 80],
  batch: [2, 2],
  classes: 2,
  representation: 16,
};

describe('memory', () => {
  // Peaks of tfjs's numBytes over three iterations on the wasm backend, phantom data, 3 levels.
  it.each([
    { baseFilters: 16, patch: [64, 64, 32], batch: [2, 0], representation: 0, measuredMiB: 605 },
    { baseFilters: 16, patch: [64, 64, 32], batch: [2, 2], representation: 16, measuredMiB: 1917 },
    { baseFilters: 8, patch: [32, 32, 16], batch: [2, 2], representation: 16, measuredMiB: 196 },
  ] as const)('is within about a third of the $measuredMiB MiB measured at patch $patch, batch $batch', (one) => {
    const { baseFilters, measuredMiB, patch, batch, representation } = one;
    const network = { type: 'vNet' as const, baseFilters, levels: 3 };
    const bytes = estimateMemory({ network, patch: [...patch], batch, representation, classes: 2 });
    expect(bytes / 2 ** 20 / measuredMiB).toBeGreaterThan(0.65);
    expect(bytes / 2 ** 20 / measuredMiB).toBeLessThan(1.35);
  });

  it('grows in proportion to the voxels of the patch', () => {
    const bytes = estimateMemory(question);
    const half = estimateMemory({ ...question, patch: [112, 112, 40] });
    expect(half / bytes).toBeGreaterThan(0.5);
    expect(half / bytes).toBeLessThan(0.65);
  });

  it('refuses what cannot fit, with the bytes', () => {
    expect(checkMemory(question, 2 ** 40)).toBe(estimateMemory(question));
    expect(() => checkMemory({ ...question, patch: [512, 512, 512] }, 2 ** 32)).toThrow(/patch \[512,512,512\].*bytes/);
    try {
      checkMemory({ ...question, batch: [40, 40] }, 2 ** 32);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'out-of-memory', fields: { limit: 2 ** 32 } });
    }
  });

  it('refuses a patch that the levels cannot halve, and offers the nearest', () => {
    expect(() => checkPatch([112, 112, 80], 4)).not.toThrow();
    expect(() => checkPatch([100, 112, 80], 4)).toThrow('every side must be a multiple of 16, such as [96,112,80]');
  });
});
