import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCrlnError } from '@crln/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeHdf5 } from '../../src/node/hdf5/write.js';
import { readVolume, writeVolume } from '../../src/node.js';
import { VOXEL_ARRAYS, type Volume, type VoxelType, volume } from '../../src/volume.js';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/hdf5/${name}`, import.meta.url));
const expected = JSON.parse(await readFile(golden('expected.json'), 'utf8')) as Record<string, number[]>;
const TYPES: Readonly<Record<string, VoxelType>> = {
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  f4: 'float32',
  f8: 'float64',
};

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-hdf5-'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('files of h5py', () => {
  for (const [code, dtype] of Object.entries(TYPES)) {
    it(`have ${dtype} of both byte orders`, async () => {
      for (const order of ['le', 'be']) {
        const found = await readVolume(golden(`${code}-${order}.h5`));
        expect(found.dtype).toBe(dtype);
        expect(found.shape).toEqual([4, 3, 2]);
        expect([...found.data]).toEqual(expected[code]);
      }
    });
  }

  it('have shuffled, checksummed chunks that do not divide the shape, and booleans as labels', async () => {
    const image = await readVolume(golden('filters.h5'));
    expect([...image.data]).toEqual(expected.f4);
    const label = await readVolume(golden('filters.h5'), { dataset: 'label' });
    expect([...label.data]).toEqual(expected.label);
  });

  it('have any names: the only volume is the image, a path leads into a group', async () => {
    const image = await readVolume(golden('names.h5'));
    expect([...image.data]).toEqual(expected.f4);
    expect(image.spacing).toEqual([0.5, 0.75, 2]);
    expect(image.affine).toEqual([0, 0.75, 0, 1, 0.5, 0, 0, 2, 0, 0, -2, 3, 0, 0, 0, 1]);
    const label = await readVolume(golden('names.h5'), { dataset: 'study/mask' });
    expect([...label.data]).toEqual(expected.label);
  });

  it.each([
    ['half.h5', 'image', /half\.h5: the dataset 'image' has the type .* of 2 bytes; expected/],
    ['flat.h5', 'image', /flat\.h5: the dataset 'image' has the shape \[3,2\]; a 3-D volume is needed/],
    ['names.h5', 'label', /names\.h5: it has no dataset 'label'; it has scan, study, table/],
    ['external.h5', 'image', /external\.h5: the HDF5 file is damaged or cut short \(.*(external|open).*\)/],
    [
      'external.h5',
      'label',
      /external\.h5: its 'label' is a link to another file \(filters\.h5\), which is not followed/,
    ],
    ['strange.h5', 'dangling', /strange\.h5: its 'dangling' is a link to \/nowhere, which is not there/],
    [
      'strange.h5',
      'lzf',
      /strange\.h5: the dataset 'lzf' is packed by lzf \(HDF5 filter 32000\), which is not read; .*GZIP/,
    ],
    ['strange.h5', 'label', /strange\.h5: it has no dataset 'label'; it has contrary, .*, z14 and 15 more$/],
    ['external.h5', 'loop', /external\.h5: /],
    ['virtual.h5', 'image', /virtual\.h5: the dataset 'image' is a view of other files \(filters\.h5\)/],
    [
      'bomb.h5',
      'image',
      /bomb\.h5: the dataset 'image' of shape .* promises 4294967296 bytes, more than a file of 1400/,
    ],
  ])('%s, %s: are refused by name', async (name, dataset, message) => {
    await expect(readVolume(golden(name), { dataset })).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(message),
    });
  });
});

describe('an affine in an HDF5 file', () => {
  it('tells the spacing, where what is said beside it is another', async () => {
    const { spacing } = await readVolume(golden('strange.h5'), { dataset: 'contrary' });
    expect(spacing).toEqual([2, 3.001, 4]);
  });

  it('is refused where it is transposed', async () => {
    await expect(readVolume(golden('strange.h5'), { dataset: 'transposed' })).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(/strange\.h5: the last row of its affine is \[1,0,0,1\]; expected 0, 0, 0, 1/),
    });
  });
});

describe('files of ours', () => {
  const anyVolume = fc
    .record({
      dtype: fc.constantFrom(...(Object.keys(VOXEL_ARRAYS) as VoxelType[])),
      shape: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 })),
      seed: fc.integer({ min: 0, max: 1000 }),
      spacing: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.01, max: 9, noNaN: true }))),
    })
    .map(({ dtype, shape, seed, spacing }): Volume => {
      const data = new VOXEL_ARRAYS[dtype](shape[0] * shape[1] * shape[2]);
      for (let n = 0; n < data.length; n++) data[n] = (n * 7919 + seed) % 120;
      return { ...volume(data, shape, { spacing: spacing as [number, number, number] }), dtype };
    });

  it('come back as they were: voxels, type, spacing, affine, bit for bit', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(anyVolume, async (one) => {
        const path = join(dir, `${count++}.h5`);
        await writeVolume(path, one);
        const back = await readVolume(path);
        expect(back).toMatchObject({ shape: one.shape, spacing: one.spacing, affine: one.affine, dtype: one.dtype });
        expect(back.data).toEqual(one.data);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('are the same bytes for the same volume', async () => {
    const one = volume(
      Float32Array.from({ length: 60 }, (_, n) => n / 3),
      [5, 4, 3],
    );
    const first = await encodeHdf5('a', { image: one });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await encodeHdf5('a', { image: one })).toEqual(first);
  });
});

it('ends a damaged file with an error of its own, at every byte that is flipped', async () => {
  const bytes = await readFile(golden('filters.h5'));
  let read = 0;
  let refused = 0;
  for (let at = 8; at < bytes.length; at += 5) {
    const mutant = Uint8Array.from(bytes);
    mutant[at]! ^= 0xff;
    const path = join(dir, 'mutant.h5');
    await writeFile(path, mutant);
    try {
      await readVolume(path);
      read++;
    } catch (error) {
      if (!isCrlnError(error, 'file-format') && !isCrlnError(error, 'invalid-data')) throw error;
      expect(error.message).toContain('mutant.h5');
      refused++;
    }
  }
  expect(read).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(50);
});

it('leaves no file of its own behind where a write fails', async () => {
  const one = volume(new Uint8Array(8), [2, 2, 2]);
  await expect(writeVolume(join(dir, 'none', 'a.h5'), one)).rejects.toMatchObject({ code: 'file-access' });
  expect((await readdir(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
