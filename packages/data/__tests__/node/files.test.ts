import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVolume, writeAtomic, writeVolume } from '../../src/node.js';
import { volume } from '../../src/volume.js';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
const expected = JSON.parse(await readFile(golden('expected.json'), 'utf8')) as Record<
  string,
  { values: number[]; label: number[] }
>;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-files-'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('readVolume', () => {
  it('goes by content, not by name', async () => {
    for (const [name, as] of [
      ['packed.nii.gz', 'a.nii'],
      ['int16-be.nii', 'b.nii.gz'],
      ['case.h5', 'c.nii'],
    ] as const) {
      await copyFile(golden(name), join(dir, as));
      expect((await readVolume(join(dir, as))).shape).toEqual([4, 3, 2]);
    }
  });

  it('reads a DICOM file without a preamble', async () => {
    const [name] = await readdir(golden('dicom/ct'));
    const bytes = await readFile(join(golden('dicom/ct'), name!));
    await mkdir(join(dir, 'bare'));
    // Behind the preamble: the groups 2 and 8 and so on.
    await writeFile(join(dir, 'bare', 'slice'), bytes.subarray(132));
    const { header, shape } = await readVolume(join(dir, 'bare', 'slice'));
    expect(header?.format).toBe('dicom');
    expect(shape[2]).toBe(1);
  });

  it('says which formats there are where a file has none of them', async () => {
    for (const [name, content, what] of [
      ['empty.h5', '', 'the file is empty'],
      ['note.nrrd', 'hello, this is a note', 'its first bytes are those of no format that is read'],
      ['plot.nii', '\x89PNG\r\n', 'this is a PNG file'],
    ] as const) {
      await writeFile(join(dir, name), Buffer.from(content, 'latin1'));
      await expect(readVolume(join(dir, name))).rejects.toMatchObject({
        code: 'file-format',
        message: expect.stringMatching(new RegExp(`${name}: ${what}; expected NIfTI .*, NRRD .*, HDF5 or DICOM$`)),
      });
    }
  });

  it('reads image and label of an HDF5 file as h5py wrote them', async () => {
    const image = await readVolume(golden('case.h5'));
    expect([...image.data]).toEqual(expected['case.h5']!.values);
    expect(image).toMatchObject({
      dtype: 'float32',
      spacing: [1, 1, 1],
      header: { format: 'hdf5', spacingStored: false },
    });
    const label = await readVolume(golden('case.h5'), { dataset: 'label' });
    expect([...label.data]).toEqual(expected['case.h5']!.label);
  });

  it('reads a big-endian HDF5 dataset and its spacing', async () => {
    const image = await readVolume(golden('case-be.h5'));
    expect([...image.data]).toEqual(expected['case-be.h5']!.values);
    expect(image).toMatchObject({ dtype: 'int16', spacing: [0.5, 0.5, 2], header: { spacingStored: true } });
  });

  it('names file and reason where an HDF5 file lacks a dataset or its end', async () => {
    await expect(readVolume(golden('case-be.h5'), { dataset: 'label' })).rejects.toThrow(
      /case-be\.h5: it has no dataset 'label'; it has image/,
    );
    const bytes = await readFile(golden('case.h5'));
    for (let length = 8; length < bytes.length; length += 731) {
      await writeFile(join(dir, 'cut.h5'), bytes.subarray(0, length));
      await expect(readVolume(join(dir, 'cut.h5'))).rejects.toMatchObject({
        code: 'file-format',
        message: expect.stringMatching(/cut\.h5: the HDF5 file is damaged or cut short/),
      });
    }
  });

  it('names what is missing or a folder', async () => {
    await expect(readVolume(join(dir, 'none.nii'))).rejects.toMatchObject({ code: 'file-not-found' });
    await mkdir(join(dir, 'empty'));
    await expect(readVolume(join(dir, 'empty'))).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(/empty: .*DICOM/),
    });
    await writeFile(join(dir, 'x.nrrd'), 'NRRD0004\n');
    await expect(readVolume(join(dir, 'x.nrrd'))).rejects.toThrow(/x\.nrrd: its type is not given/);
  });
});

describe('writing', () => {
  it('packs by name and leaves no temporary file', async () => {
    const out = join(dir, 'out');
    await mkdir(out);
    const v = volume(Int16Array.of(1, 2, 3, 4), [2, 1, 2], { spacing: [1, 2, 3] });
    await writeVolume(join(out, 'v.nii'), v);
    await writeVolume(join(out, 'v.nii.gz'), v);
    expect(await readdir(out)).toEqual(['v.nii', 'v.nii.gz']);
    expect((await readFile(join(out, 'v.nii.gz'))).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    for (const name of ['v.nii', 'v.nii.gz'])
      expect([...(await readVolume(join(out, name))).data]).toEqual([1, 2, 3, 4]);
  });

  it('changes nothing where it fails', async () => {
    const target = join(dir, 'taken');
    await mkdir(join(target, 'inside'), { recursive: true });
    await expect(writeAtomic(target, new Uint8Array(3))).rejects.toMatchObject({ code: 'file-access' });
    await expect(writeAtomic(join(dir, 'no', 'such', 'x.nii'), new Uint8Array(3))).rejects.toThrow(
      /x\.nii: cannot be written/,
    );
    expect((await readdir(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const v = volume(new Uint8Array(1), [1, 1, 1]);
    await expect(writeVolume(join(dir, 'v.png'), v)).rejects.toThrow(
      /v\.png: volumes are written as \.nii, \.nii\.gz, \.hdr, .*, \.nrrd, \.nhdr, /,
    );
  });
});

describe('one volume in every format', () => {
  it('comes back the same: voxels, shape, type, and affine to what the format holds', async () => {
    const affine = [0.48, -0.45, 0, -90, 0.36, 0.6, 0, 12, 0, 0, 2.5, 40, 0, 0, 0, 1];
    const data = Int16Array.from({ length: 120 }, (_, n) => ((n * 37) % 4096) - 1024);
    const one = volume(data, [6, 5, 4], { affine });
    await mkdir(join(dir, 'every'));
    for (const [name, digits] of [
      ['a.nii.gz', 6],
      ['a.hdr', 6],
      ['a.nrrd', 12],
      ['a.nhdr', 12],
      ['a.h5', 12],
      ['dicom/', 4],
    ] as const) {
      await writeVolume(join(dir, 'every', name), one);
      const back = await readVolume(join(dir, 'every', name));
      expect([name, back.shape, back.dtype]).toEqual([name, [6, 5, 4], 'int16']);
      expect(back.data).toEqual(data);
      for (const [n, value] of affine.entries()) expect(back.affine[n]).toBeCloseTo(value, digits);
      for (const [n, mm] of [0.6, 0.75, 2.5].entries()) expect(back.spacing[n]).toBeCloseTo(mm, 3);
    }
  });
});
