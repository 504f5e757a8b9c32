import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TAG } from '../../src/dicom/tags.js';
import { readDicomFolder, writeDicomFolder } from '../../src/node.js';
import { volume } from '../../src/volume.js';
import { slice } from '../dicom/slice.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crln-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const scan = volume(
  Int16Array.from({ length: 24 }, (_, n) => n * 31 - 200),
  [3, 2, 4],
  { spacing: [0.5, 0.75, 2] },
);

describe('readDicomFolder', () => {
  it('finds a series two folders down, past a licence, a hidden file and a link to a folder', async () => {
    const path = join(root, 'PANCREAS_0001');
    await writeDicomFolder(join(path, 'study', 'series'), scan);
    await writeFile(join(path, 'LICENSE'), 'Creative Commons\n'.repeat(100));
    await writeFile(join(path, 'study', 'series', '._000001.dcm'), 'Mac');
    await symlink(path, join(path, 'study', 'again'));
    const read = await readDicomFolder(path);
    expect(read.data).toEqual(scan.data);
    expect(read.spacing).toEqual(scan.spacing);
    expect(read.source).toBe(path);
    expect(read.header).toMatchObject({ notes: ['1 file passed over: no DICOM'] });
  });

  it('reads the series of one file among others of the same folder', async () => {
    const path = join(root, 'two');
    await mkdir(path);
    for (const z of [0, 2, 4]) await writeFile(join(path, `a${z}`), slice(z).bytes);
    await writeFile(join(path, 'scout'), slice(0, { [TAG.SeriesInstanceUID]: ['UI', '1.2.9'] }).bytes);
    expect((await readDicomFolder(join(path, 'a2'))).shape).toEqual([3, 2, 3]);
    expect((await readDicomFolder(join(path, 'scout'))).shape).toEqual([3, 2, 1]);
    await expect(readDicomFolder(path)).rejects.toThrow(/it holds 2 series/);
    expect((await readDicomFolder(path, { series: '1.2.3' })).shape).toEqual([3, 2, 3]);
  });

  it('names the path of what is broken or not there', async () => {
    const path = join(root, 'broken');
    await mkdir(path);
    await writeFile(join(path, 'x.dcm'), slice(0).bytes.subarray(0, 300));
    await expect(readDicomFolder(path)).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringContaining(`${join(path, 'x.dcm')}: `),
    });
    await expect(readDicomFolder(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'file-not-found' });
  });
});

describe('writeDicomFolder', () => {
  it('leaves nothing behind where it fails, and touches nothing that is there', async () => {
    const path = join(root, 'taken');
    await writeDicomFolder(path, scan);
    await expect(writeDicomFolder(path, scan)).rejects.toMatchObject({
      code: 'file-access',
      message: expect.stringContaining('there is something already'),
    });
    const fractions = volume(Float32Array.of(0.5), [1, 1, 1]);
    await expect(writeDicomFolder(join(root, 'never'), fractions)).rejects.toMatchObject({ code: 'invalid-data' });
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(writeDicomFolder(join(file, 'below'), scan)).rejects.toMatchObject({ code: 'file-access' });
    expect((await readdir(root)).filter((name) => name.startsWith('.') || name === 'never')).toEqual([]);
    expect(await readdir(path)).toEqual(['000001.dcm', '000002.dcm', '000003.dcm', '000004.dcm']);
  });
});
