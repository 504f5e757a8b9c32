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
  // What the WebAssembly memory had grown to after three iterations of supervised, mean-teacher, crln and others, on two threads.
  it.each([
    { baseFilters: 16, levels: 4, patch: [64, 64, 32], batch: [2, 0], measuredMiB: 353 },
    { baseFilters: 16, levels: 4, patch: [64, 64, 32], batch: [2, 0], recompute: true, measuredMiB: 273 },
    { baseFilters: 16, patch: [64, 64, 32], batch: [2, 0], measuredMiB: 257 },
    { baseFilters: 16, patch: [64, 64, 32], batch: [2, 2], representation: 16, measuredMiB: 689 },
    { baseFilters: 16, patch: [64, 64, 32], batch: [2, 2], representation: 16, recompute: true, measuredMiB: 402 },
    { baseFilters: 8, patch: [32, 32, 16], batch: [2, 2], representation: 16, measuredMiB: 65 },
    { baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], measuredMiB: 241 },
    { baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], representation: 4, measuredMiB: 305 },
    { baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], representation: 4, recompute: true, measuredMiB: 177 },
    { baseFilters: 8, patch: [64, 64, 32], batch: [1, 3], representation: 16, measuredMiB: 438 },
    { type: 'uNet3d', baseFilters: 8, patch: [64, 64, 32], batch: [2, 0], measuredMiB: 212 },
    { type: 'uNet3d', baseFilters: 8, patch: [64, 64, 32], batch: [2, 0], recompute: true, measuredMiB: 156 },
    { type: 'uNet3d', upsample: 'trilinear', baseFilters: 8, patch: [64, 64, 32], batch: [2, 0], measuredMiB: 177 },
    { type: 'uNet3d', baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], representation: 16, measuredMiB: 612 },
    {
      type: 'uNet3d',
      baseFilters: 8,
      patch: [64, 64, 32],
      batch: [2, 2],
      representation: 16,
      recompute: true,
      measuredMiB: 352,
    },
    // cross-pseudo, mc-net, urpc and bcp.
    { baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], footprint: { networks: 2 }, measuredMiB: 449 },
    { baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], footprint: { decoders: 3 }, measuredMiB: 646 },
    { baseFilters: 16, levels: 4, patch: [64, 64, 32], batch: [2, 2], footprint: { decoders: 3 }, measuredMiB: 1291 },
    {
      type: 'uNet3d',
      baseFilters: 8,
      patch: [64, 64, 32],
      batch: [2, 2],
      footprint: { decoders: 3 },
      measuredMiB: 889,
    },
    { baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], footprint: { scores: 18 }, measuredMiB: 321 },
    { baseFilters: 8, patch: [64, 64, 32], batch: [2, 2], footprint: { share: 0.5, scores: 8 }, measuredMiB: 161 },
  ] as const)('is within a fifth of what was measured: %j', ({ measuredMiB, patch, batch, ...one }) => {
    const {
      representation = 0,
      footprint,
      ...network
    } = {
      ...{ type: 'vNet' as const, levels: 3, footprint: {} },
      ...one,
    };
    const bytes = estimateMemory({ network, patch: [...patch], batch, representation, classes: 2, ...footprint });
    expect(bytes / 2 ** 20 / measuredMiB).toBeGreaterThan(0.8);
    expect(bytes / 2 ** 20 / measuredMiB).toBeLessThan(1.2);
  });

  it('is less where activations are computed again, which is what a refusal suggests first', () => {
    const network = { ...question.network, recompute: true };
    expect(estimateMemory({ ...question, network }) / estimateMemory(question)).toBeLessThan(0.6);
    expect(() => checkMemory(question, 2 ** 32)).toThrow('use network.recompute, a smaller patch');
    expect(() => checkMemory({ ...question, network }, 2 ** 32)).not.toThrow();
    expect(() => checkMemory({ ...question, network }, 2 ** 31)).toThrow('; use a smaller patch');
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
