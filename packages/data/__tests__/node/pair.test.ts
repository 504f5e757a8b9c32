import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NiftiHeader } from '../../src/nifti/header.js';
import { readNifti } from '../../src/nifti/read.js';
import { openFolder, readVolume, writeVolume } from '../../src/node.js';
import { volume, withData } from '../../src/volume.js';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-pair-'));
});
afterEach(() => rm(dir, { recursive: true }));

const made = volume(Int16Array.of(1, 2, 3, 4), [2, 1, 2], { spacing: [1, 2, 3] });

describe('a pair of .hdr and .img', () => {
  it.each([
    ['pair', '.hdr', '.img', 1],
    ['pair-nifti2-be', '.hdr', '.img', 2],
    ['pair-packed', '.hdr.gz', '.img.gz', 1],
  ])('%s, written by nibabel, is the same volume by either half', async (name, hdr, img, version) => {
    const single = await readVolume(golden(version === 2 ? 'nifti2-be.nii' : 'int16-le.nii'));
    for (const half of [hdr, img]) {
      const path = golden(name + half);
      const found = await readVolume(path);
      const { shape, dtype } = single;
      expect(found).toMatchObject({ shape, dtype, source: path });
      expect([...found.data]).toEqual([...single.data]);
      for (const [n, value] of single.affine.entries()) expect(found.affine[n]).toBeCloseTo(value, 12);
      expect(found.header).toMatchObject({ version, voxOffset: 0 });
    }
  });

  it('is written whole whichever half is named, keeping the header', async () => {
    const source = await readVolume(golden('qform-left.nii'));
    for (const name of ['a.hdr', 'b.img', 'c.img.gz', 'd.HDR']) {
      await writeVolume(join(dir, name), source);
      const back = await readVolume(join(dir, name));
      expect([...back.data]).toEqual([...source.data]);
      const { magic, voxOffset, ...kept } = source.header as NiftiHeader;
      expect(back.header).toMatchObject({ ...kept, voxOffset: 0, magic: 'ni1' });
      expect([back.affine, back.spacing]).toEqual([source.affine, source.spacing]);
    }
    expect((await readdir(dir)).sort()).toEqual(
      ['a.hdr', 'a.img', 'b.hdr', 'b.img', 'c.hdr.gz', 'c.img.gz', 'd.HDR', 'd.IMG'].sort(),
    );
  });

  it('is written in both halves or not at all', async () => {
    await writeFile(join(dir, 'a.img'), 'old');
    await writeFile(join(dir, 'b'), '');
    const bad = withData(made, Float32Array.of(1, 2, 3, 4.5));
    await expect(writeVolume(join(dir, 'a.hdr'), bad, { dtype: 'int16' })).rejects.toMatchObject({
      code: 'invalid-data',
    });
    expect(await readFile(join(dir, 'a.img'), 'utf8')).toBe('old');
    expect((await readdir(dir)).sort()).toEqual(['a.img', 'b']);
  });

  it('finds a half that is packed otherwise', async () => {
    await copyFile(golden('pair.hdr'), join(dir, 'x.hdr'));
    await copyFile(golden('pair-packed.img.gz'), join(dir, 'x.img.gz'));
    expect((await readVolume(join(dir, 'x.hdr'))).shape).toEqual([4, 3, 2]);
    expect((await readVolume(join(dir, 'x.img.gz'))).shape).toEqual([4, 3, 2]);
  });

  it('names the half that is missing, and a half that is cut short', async () => {
    await writeVolume(join(dir, 'x.hdr'), made);
    await rename(join(dir, 'x.img'), join(dir, 'y.img'));
    for (const [name, other] of [
      ['x.hdr', 'x.img'],
      ['y.img', 'y.hdr'],
    ])
      await expect(readVolume(join(dir, name!))).rejects.toMatchObject({
        code: 'file-not-found',
        message: `${join(dir, name!)}: it is one half of a .hdr/.img pair, and the other, ${other}, is not beside it`,
      });
    await writeFile(join(dir, 'x.img'), new Uint8Array(7));
    await expect(readVolume(join(dir, 'x.hdr'))).rejects.toThrow(
      `${join(dir, 'x.img')}: it is cut short: a 2×1×2 volume of int16 ends at byte 8, the file at 7`,
    );
  });

  it('goes by content where a single file has the ending of a half', async () => {
    await copyFile(golden('int16-le.nii'), join(dir, 'x.img'));
    await copyFile(golden('int16-le.nii'), join(dir, 'y.hdr'));
    for (const name of ['x.img', 'y.hdr']) expect((await readVolume(join(dir, name))).shape).toEqual([4, 3, 2]);
  });

  it('refuses ANALYZE 7.5 by name', async () => {
    for (const half of ['analyze.hdr', 'analyze.img'])
      await expect(readVolume(golden(half))).rejects.toMatchObject({
        code: 'file-format',
        message: expect.stringMatching(/analyze\.hdr: it is an ANALYZE 7\.5 header .* convert it to NIfTI/),
      });
  });

  it('is one case of a folder', async () => {
    for (const folder of ['images', 'labels']) await mkdir(join(dir, folder));
    await writeVolume(join(dir, 'images', 'a.hdr'), made);
    await writeVolume(join(dir, 'images', 'b.nhdr'), made);
    await writeVolume(join(dir, 'images', 'c.nrrd'), made);
    await writeVolume(join(dir, 'labels', 'a.nrrd'), withData(made, new Uint8Array(4)));
    await writeVolume(join(dir, 'labels', 'b.img.gz'), withData(made, new Uint8Array(4)));
    const set = await openFolder(dir);
    expect([set.cases(), set.labelled]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b'],
    ]);
    for (const id of set.cases()) expect([...(await set.load(id)).image.data]).toEqual([1, 2, 3, 4]);
  });
});

describe('readNifti', () => {
  it('reads a pair from memory, and says what to do with half of one', async () => {
    const [header, image] = await Promise.all(['pair.hdr', 'pair.img'].map((name) => readFile(golden(name))));
    expect((await readNifti(header!, 'pair.hdr', image)).shape).toEqual([4, 3, 2]);
    await expect(readNifti(header!, 'pair.hdr')).rejects.toThrow(/header of a \.hdr\/\.img pair/);
    await expect(readNifti(await readFile(golden('int16-le.nii')), 'a.nii', image)).rejects.toThrow(
      /a\.nii: it is a single NIfTI file/,
    );
  });
});
