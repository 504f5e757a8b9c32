import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeHdf5 } from '../../src/node/hdf5/write.js';
import { openFolder, writeDataset, writeVolume } from '../../src/node.js';
import { applyRecipe, fitRecipe, invertLabels } from '../../src/recipe.js';
import type { Case } from '../../src/types.js';
import { volume } from '../../src/volume.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-folder-'));
});
afterEach(() => rm(dir, { recursive: true }));

const shape: [number, number, number] = [3, 4, 2];
const image = volume(
  Float32Array.from({ length: 24 }, (_, n) => n),
  shape,
  { spacing: [1, 1, 2] },
);
const labelOf = (...values: number[]) =>
  volume(
    Uint8Array.from({ length: 24 }, (_, n) => values[n % values.length]!),
    shape,
    { spacing: [1, 1, 2] },
  );
const cases: Case[] = [
  { id: 'a', image, label: labelOf(0, 255) },
  { id: 'b', image },
  { id: 'c', image, label: labelOf(255, 0, 0) },
];

describe('openFolder', () => {
  it('opens a folder of any formats, and HDF5 files with other names', async () => {
    await mkdir(join(dir, 'images'));
    await mkdir(join(dir, 'labels'));
    await writeVolume(join(dir, 'images', 'a.nhdr'), image);
    await writeVolume(join(dir, 'images', 'b.img'), image);
    await writeVolume(join(dir, 'images', 'c.h5'), image);
    await writeFile(join(dir, 'labels', 'a.hdf5'), await encodeHdf5('a', { truth: labelOf(0, 255) }));
    await writeVolume(join(dir, 'labels', 'c.nrrd'), labelOf(255, 0));
    const data = await openFolder(dir, { datasets: { label: 'truth' } });
    expect([data.cases(), data.labelled, data.unlabelled]).toEqual([['a', 'b', 'c'], ['a', 'c'], ['b']]);
    for (const id of data.cases()) {
      const one = await data.load(id);
      expect(one.image).toMatchObject({ shape, spacing: [1, 1, 2], dtype: 'float32' });
      expect(one.image.data).toEqual(image.data);
      if (id !== 'b') expect([...new Set(one.label!.data)].sort()).toEqual([0, 255]);
    }
    const unnamed = await openFolder(dir);
    await expect(unnamed.load('a')).rejects.toThrow(/a\.hdf5: it has no dataset 'label'; it has truth/);
  });

  it.skipIf(process.platform === 'win32')(
    'refuses a case that is no regular file, and does not wait for it',
    async () => {
      await mkdir(join(dir, 'cases'));
      execFileSync('mkfifo', [join(dir, 'cases', 'a.h5')]);
      await expect(openFolder(dir)).rejects.toMatchObject({
        code: 'file-access',
        message: expect.stringMatching(/a\.h5: cannot be read \(it is no regular file\)/),
      });
    },
  );

  it('opens what writeDataset wrote', async () => {
    const recipe = await fitRecipe(cases);
    await writeDataset(dir, cases, { train: ['c', 'a', 'b'], test: [] }, recipe);
    const data = await openFolder(dir);
    expect([data.cases(), data.labelled, data.unlabelled]).toEqual([['a', 'b', 'c'], ['a', 'c'], ['b']]);
    expect(data.cases('train')).toEqual(['c', 'a', 'b']);
    expect(data.recipe).toEqual(recipe);
    const { label } = await data.load('a');
    expect([...label!.data]).toEqual([...cases[0]!.label!.data]);
    expect((await data.load('b')).label).toBeUndefined();
  });

  it.each([[[0, 255]], [[0, 1, 2, 4]]])('gives labels %j back with their own values', async (values) => {
    await writeDataset(dir, [{ id: 'x', image, label: labelOf(...values) }]);
    const { id, ...volumes } = await (await openFolder(dir)).load('x');
    const recipe = await fitRecipe([{ id, ...volumes }]);
    expect(recipe.labels).toEqual(values);
    const prepared = applyRecipe(recipe, { id, ...volumes });
    expect(new Set(prepared.label)).toEqual(new Set(values.keys()));
    expect([...invertLabels(recipe, prepared.label!, volumes.image).data]).toEqual([...volumes.label!.data]);
  });

  it('reads prepared HDF5 cases that hold both', async () => {
    await mkdir(join(dir, 'cases'));
    const golden = (name: string) => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
    await copyFile(golden('case.h5'), join(dir, 'cases', 'one.h5'));
    await copyFile(golden('case-be.h5'), join(dir, 'cases', 'two.h5'));
    const data = await openFolder(dir);
    expect([data.labelled, data.unlabelled]).toEqual([['one'], ['two']]);
    expect((await data.load('one')).label!.shape).toEqual([4, 3, 2]);
  });

  it('reads a case once while it is in the cache, and again when it is not', async () => {
    await writeDataset(dir, cases);
    const kept = await openFolder(dir);
    expect(await kept.load('a')).toBe(await kept.load('a'));
    const small = await openFolder(dir, { cacheBytes: 150 });
    const [a, again] = await Promise.all([small.load('a'), small.load('a')]);
    expect(again).toBe(a);
    await small.load('c');
    expect(await small.load('a')).not.toBe(a);
  });

  it('names an image and a label that do not fit, and reads the others', async () => {
    await writeDataset(dir, cases);
    await writeVolume(join(dir, 'labels', 'a.nii.gz'), volume(new Uint8Array(12), [3, 2, 2]));
    const data = await openFolder(dir);
    await expect(data.load('a')).rejects.toThrow(
      /images.a\.nii\.gz and .*labels.a\.nii\.gz have different shapes: \[3,4,2\] and \[3,2,2\]/,
    );
    expect((await data.load('c')).id).toBe('c');
    await expect(data.load('z')).rejects.toThrow(/there is no case 'z'; it has 3/);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['nothing at all', async () => undefined, /needs the folders images\/ and labels\/ .* but it is empty/],
    ['no images folder', () => writeFile(join(dir, 'scan.nii'), ''), /but it has scan\.nii/],
    ['an empty images folder', () => mkdir(join(dir, 'images')), /images: it has no \.nii/],
    [
      'a label without an image',
      async () => {
        await writeDataset(dir, cases);
        await writeVolume(join(dir, 'labels', 'q.nii'), image);
      },
      /labels.q\.nii: there is no image 'q'/,
    ],
    [
      'a case twice',
      async () => {
        await writeDataset(dir, cases);
        await writeVolume(join(dir, 'images', 'a.nii'), image);
      },
      /are the same case 'a'/,
    ],
    [
      'splits that are no JSON',
      async () => {
        await writeDataset(dir, cases);
        await writeFile(join(dir, 'splits.json'), '{"train": [');
      },
      /splits\.json: this is no valid JSON/,
    ],
  ])('refuses a folder with %s', async (_, prepare, message) => {
    await prepare();
    await expect(openFolder(dir)).rejects.toThrow(message);
  });

  it('says that there is no folder', async () => {
    await expect(openFolder(join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
