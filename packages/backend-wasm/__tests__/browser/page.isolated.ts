import { expect, it } from 'vitest';
import { engine } from '../../src/engine.js';
import * as api from '../../src/index.js';
import { computeBits } from '../bits.js';
import { holdSameBits } from '../sameBits.js';
import { convolutionError, convolve, convolveInWorker } from './convolve.js';
import { inWorker } from './inWorker.js';

it('may share memory', () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  expect(new SharedArrayBuffer(8).byteLength).toBe(8);
});

it('convolves in a worker, to the same bits as the page itself', async () => {
  const { values, isolated, threads } = await convolveInWorker({ threads: 2 });
  expect({ isolated, threads }).toEqual({ isolated: true, threads: 2 });
  expect(convolutionError(values)).toBeLessThan(1e-5);
  expect(values).toEqual((await convolve({ threads: 2 })).values);
});

// An engine is started once a realm. Two threads: the page itself, which may not sleep while it waits. One and four: a worker each.
holdSameBits((threads) =>
  threads === 2
    ? computeBits(threads, { api, engine })
    : inWorker(new Worker(new URL('./bits.worker.ts', import.meta.url), { type: 'module' }), threads),
);
