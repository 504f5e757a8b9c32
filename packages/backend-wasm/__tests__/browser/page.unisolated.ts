import { expect, it } from 'vitest';
import { convolutionError, convolve, convolveInWorker } from './convolve.js';

it('has no memory to share', () => {
  expect(globalThis.crossOriginIsolated).toBe(false);
  expect(globalThis).not.toHaveProperty('SharedArrayBuffer');
});

it.each([
  ['in the page', convolve],
  ['in a worker', convolveInWorker],
])('convolves %s', async (_, where) => {
  const { values, isolated } = await where();
  expect(isolated).toBe(false);
  expect(convolutionError(values)).toBeLessThan(1e-5);
});
