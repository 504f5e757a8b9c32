import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readVolume, writeVolume } from '../../src/node.js';
import { volume, withData } from '../../src/volume.js';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/nrrd/${name}`, import.meta.url));
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-nrrd-'));
});
afterEach(() => rm(dir, { recursive: true }));

const made = volume(Int16Array.of(1, 2, 3, 4), [2, 1, 2], { spacing: [1, 2, 3] });

describe('a detached header', () => {
  it.each([
    [undefined, 'v.raw.gz'],
    ['gzip', 'v.raw.gz'],
    ['raw', 'v.raw'],
    ['ascii', 'v.txt'],
  ] as const)('is written with its voxels beside it (encoding %s)', async (encoding, data) => {
    await writeVolume(join(dir, 'v.nhdr'), made, encoding === undefined ? {} : { encoding });
    expect((await readdir(dir)).sort()).toEqual(['v.nhdr', data].sort());
    const back = await readVolume(join(dir, 'v.nhdr'));
    expect([[...back.data], back.affine, back.spacing]).toEqual([[1, 2, 3, 4], made.affine, made.spacing]);
  });

  it('is written with its voxels or not at all', async () => {
    await writeFile(join(dir, 'v.raw'), 'old');
    const bad = withData(made, Float32Array.of(1, 2, 3, 4.5));
    await expect(writeVolume(join(dir, 'v.nhdr'), bad, { dtype: 'uint8', encoding: 'raw' })).rejects.toMatchObject({
      code: 'invalid-data',
    });
    // A folder in the place of the header: its voxels are not left there alone.
    await mkdir(join(dir, 'v.nhdr', 'inside'), { recursive: true });
    await expect(writeVolume(join(dir, 'v.nhdr'), made, { encoding: 'raw' })).rejects.toMatchObject({
      code: 'file-access',
    });
    expect((await readdir(dir)).sort()).toEqual(['v.nhdr', 'v.raw']);
    expect(await readFile(join(dir, 'v.raw'), 'utf8')).toBe('old');
  });

  const header = (dataFile: string, more = ''): string =>
    `NRRD0004\ntype: int16\ndimension: 3\nsizes: 2 1 2\nendian: little\nencoding: raw\n${more}data file: ${dataFile}\n`;

  it('may name files in its folder and below', async () => {
    await mkdir(join(dir, 'deep', 'er'), { recursive: true });
    await writeFile(join(dir, 'deep', 'er', 'with blanks.raw'), new Uint8Array(Int16Array.of(1, 2, 3, 4).buffer));
    await writeFile(join(dir, 'v.nhdr'), header('./deep/er/with blanks.raw'));
    expect([...(await readVolume(join(dir, 'v.nhdr'))).data]).toEqual([1, 3, 2, 4]);
  });

  it.each([
    ['/etc/hostname', /'\/etc\/hostname', an absolute path; expected a file in the header's folder/],
    ['C:\\x.raw', /an absolute path/],
    ['\\\\host\\x.raw', /an absolute path/],
    ['../x.raw', /which leads out of its folder/],
    ['deep/../../x.raw', /which leads out of its folder/],
    ['deep\\..\\..\\x.raw', /which leads out of its folder/],
    ['outside.raw', /a link that leads out of its folder/],
    ['link/x.raw', /a link that leads out of its folder/],
    ['v.nhdr', /which is the header itself/],
    ['./v.nhdr', /which is the header itself/],
    ['a\0b', /which no file can be called/],
    ['.', /a link that leads out|which is the header|folder/],
  ])('may not name %j', async (name, message) => {
    const folder = join(dir, 'folder');
    await mkdir(join(folder, 'deep'), { recursive: true });
    await mkdir(join(dir, 'elsewhere'));
    for (const path of [join(dir, 'x.raw'), join(dir, 'elsewhere', 'x.raw')]) await writeFile(path, new Uint8Array(8));
    await symlink(join(dir, 'x.raw'), join(folder, 'outside.raw'));
    await symlink(join(dir, 'elsewhere'), join(folder, 'link'));
    await writeFile(join(folder, 'v.nhdr'), header(name));
    await expect(readVolume(join(folder, 'v.nhdr'))).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(message),
    });
    await writeFile(join(folder, 'v.nhdr'), header(`LIST 3\n${name}`));
    await expect(readVolume(join(folder, 'v.nhdr'))).rejects.toThrow(message);
  });

  it('names header and data file where the one is missing or cut short', async () => {
    await writeFile(join(dir, 'v.nhdr'), header('x.raw'));
    await expect(readVolume(join(dir, 'v.nhdr'))).rejects.toMatchObject({
      code: 'file-not-found',
      message: `${join(dir, 'v.nhdr')}: its data file 'x.raw' is not there`,
    });
    await writeFile(join(dir, 'x.raw'), new Uint8Array(7));
    await expect(readVolume(join(dir, 'v.nhdr'))).rejects.toThrow(/x\.raw: it is cut short: a 2×1×2 volume of int16/);
  });

  it('asks for no memory before every file of a list was looked at', async () => {
    await writeFile(join(dir, 'a.raw'), new Uint8Array(64));
    const big = 'NRRD0004\ntype: uint8\ndimension: 3\nsizes: 8 8 30000000\nencoding: raw\n';
    await writeFile(join(dir, 'v.nhdr'), `${big}data file: LIST 3\na.raw\nb.raw\n`);
    await expect(readVolume(join(dir, 'v.nhdr'))).rejects.toThrow(
      /a\.raw: it is cut short: its part of a 8×8×30000000/,
    );
  });

  it('reads a list of packed files', async () => {
    const head = 'NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 1 2\nencoding: gzip\nbyte skip: 1\n';
    for (const [name, bytes] of Object.entries({ 'a.gz': [9, 1, 2], 'b.gz': [9, 3, 4] }))
      await writeFile(join(dir, name), gzipSync(Uint8Array.from(bytes)));
    await writeFile(join(dir, 'v.nhdr'), `${head}data file: LIST\na.gz\nb.gz\n`);
    expect([...(await readVolume(join(dir, 'v.nhdr'))).data]).toEqual([1, 3, 2, 4]);
    await writeFile(join(dir, 'b.gz'), gzipSync(Uint8Array.of(9, 3, 4)).fill(0, 14));
    await expect(readVolume(join(dir, 'v.nhdr'))).rejects.toThrow(/b\.gz: the gzip data is damaged/);
  });
});

describe('a NRRD file', () => {
  it('is known by its content and written by its ending', async () => {
    await copyFile(golden('itk.nrrd'), join(dir, 'a.nii'));
    const scan = await readVolume(join(dir, 'a.nii'));
    for (const name of ['b.nrrd', 'c.nii.gz', 'd.h5', 'e.img']) {
      await writeVolume(join(dir, name), scan);
      const back = await readVolume(join(dir, name));
      expect([[...back.data], back.shape, back.dtype]).toEqual([[...scan.data], scan.shape, scan.dtype]);
      for (const [n, value] of scan.affine.entries()) expect(back.affine[n]).toBeCloseTo(value, 4);
    }
  });
});
