import { expect, it, vi } from 'vitest';
import { convolutionError, convolve, convolveInWorker } from './convolve.js';

it('has no memory to share', () => {
  expect(globalThis.crossOriginIsolated).toBe(false);
  expect(globalThis).not.toHaveProperty('SharedArrayBuffer');
});

it('convolves on one thread, which it says once', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const { values, threads } = await convolve({ threads: 2 });
  expect(threads).toBe(1);
  expect(convolutionError(values)).toBeLessThan(1e-5);
  await convolve({ threads: 2 });
  expect(warn.mock.calls.filter(([text]) => String(text).includes('not cross-origin isolated')).length).toBe(1);
});

it('convolves in a worker too', async () => {
  const { values, isolated, threads } = await convolveInWorker();
  expect({ isolated, threads }).toEqual({ isolated: false, threads: 1 });
  expect(convolutionError(values)).toBeLessThan(1e-5);
});
