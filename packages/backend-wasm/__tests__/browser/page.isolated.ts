import { expect, it } from 'vitest';
import { convolutionError, convolve, convolveInWorker } from './convolve.js';

it('may share memory', () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  expect(new SharedArrayBuffer(8).byteLength).toBe(8);
});

it('convolves in a worker, to the same bits as the page itself', async () => {
  const { values, isolated } = await convolveInWorker();
  expect(isolated).toBe(true);
  expect(convolutionError(values)).toBeLessThan(1e-5);
  expect(values).toEqual((await convolve()).values);
});
