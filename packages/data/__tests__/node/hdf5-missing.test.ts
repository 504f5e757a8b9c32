import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { readVolume } from '../../src/node.js';

vi.mock('h5wasm/node', () => {
  throw new Error('not installed');
});

it('names the package to install where h5wasm is missing', async () => {
  const path = fileURLToPath(new URL('../golden/case.h5', import.meta.url));
  await expect(readVolume(path)).rejects.toMatchObject({
    code: 'missing-dependency',
    message: expect.stringMatching(/case\.h5: reading HDF5 needs the package h5wasm, .*npm install h5wasm/),
  });
});
