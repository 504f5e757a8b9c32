import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { readHdf5Here } from '../../src/node/hdf5/read.js';

vi.mock('h5wasm', () => {
  throw new Error('not installed');
});

it('names the package to install where h5wasm is missing', async () => {
  const path = fileURLToPath(new URL('../golden/case.h5', import.meta.url));
  await expect(readHdf5Here(path)).rejects.toMatchObject({
    code: 'missing-dependency',
    message: expect.stringMatching(/case\.h5: HDF5 files need the package h5wasm, .*npm install h5wasm/),
  });
});
