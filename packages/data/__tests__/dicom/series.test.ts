import { describe, expect, it } from 'vitest';
import type { DicomHeader } from '../../src/dicom/header.js';
import { type DicomFile, readDicomSeries } from '../../src/dicom/read.js';
import { TAG } from '../../src/dicom/tags.js';
import { dicomFile, type Elements, slice } from './slice.js';

const read = (files: Iterable<DicomFile>, series?: string) =>
  readDicomSeries(files, 'folder', series === undefined ? {} : { series });
const notesOf = async (files: DicomFile[], series?: string): Promise<readonly string[]> =>
  ((await read(files, series)).header as DicomHeader).notes;
const at = (x: number, y: number, z: number): Elements => ({ [TAG.ImagePositionPatient]: ['DS', `${x}\\${y}\\${z}`] });
const inSeries = (uid: string): Elements => ({ [TAG.SeriesInstanceUID]: ['UI', uid] });
const others = new Uint8Array(Int16Array.of(9, 9, 9, 9, 9, 9).buffer);

async function refused(files: DicomFile[], code: string, ...messages: RegExp[]): Promise<void> {
  const error: unknown = await read(files).then(
    () => 'read',
    (reason: unknown) => reason,
  );
  for (const message of messages) expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
}

describe('the slices of a series', () => {
  it('are put in order by their positions, columns first in memory', async () => {
    const volume = await read([slice(4), slice(0), slice(2)]);
    expect(volume.shape).toEqual([3, 2, 3]);
    expect(volume.spacing).toEqual([0.75, 0.5, 2]);
    expect(volume.affine).toEqual([-0.75, 0, 0, 10, 0, -0.5, 0, 20, 0, 0, 2, 0, 0, 0, 0, 1]);
    // Voxel (i, j, k): 20·k of its slice, then 3·j + i.
    for (const [n, value] of volume.data.entries()) {
      const [i, j, k] = [Math.floor(n / 6), Math.floor(n / 3) % 2, n % 3];
      expect(value).toBe(20 * k + 3 * j + i);
    }
  });

  it('that are missing are counted, with the positions and files on both sides', () =>
    refused(
      [0, 2, 4, 10, 12, 16].map((z) => slice(z)),
      'invalid-data',
      /^folder: 3 slices are missing: 2 between 4 mm \(z4\.dcm\) and 10 mm \(z10\.dcm\), 1 between 12 mm \(z12\.dcm\) and 16 mm/,
      /where slices lie 2 mm apart; find the missing files/,
    ));

  it('that are missing are seen among three', () =>
    refused([slice(0), slice(1), slice(3)], 'invalid-data', /1 slice is missing: 1 between 1 mm \(z1\.dcm\) and 3 mm/));

  it('may not be unevenly spaced', () =>
    refused(
      [0, 2, 4, 5.2, 7.2, 9.2].map((z) => slice(z)),
      'invalid-data',
      /unevenly spaced: 2 mm apart, but 1\.2 mm between 4 mm \(z4\.dcm\) and 5\.2 mm \(z5\.2\.dcm\)/,
    ));

  it('may lie off by what rounding makes', async () => {
    const volume = await read([0, 1.25, 2.5, 3.76, 5].map((z) => slice(z)));
    expect(volume.spacing[2]).toBeCloseTo(1.25, 9);
  });

  it('may lie a thousandth of a millimetre apart, holes still seen', async () => {
    const micro = (k: number) => slice(k / 1000, { [TAG.PixelSpacing]: ['DS', '0.001\\0.001'] });
    expect((await read([0, 1, 2, 3].map(micro))).spacing).toEqual([0.001, 0.001, 0.001]);
    await refused([0, 1, 2, 4].map(micro), 'invalid-data', /1 slice is missing/);
  });

  it('may not jump sideways', () =>
    refused(
      [slice(0), slice(1, at(-10, -19, 1)), slice(2), slice(3)],
      'invalid-data',
      /^z1\.dcm: it lies 1 mm off the straight, even line from z0\.dcm to z3\.dcm/,
    ));

  it('may not lie side by side', () =>
    refused([slice(0), slice(1, at(-10, -30, 0))], 'invalid-data', /in the same plane as z0\.dcm/));

  it('that are given twice are kept once, and said', async () => {
    const twice = { ...slice(2), name: 'copy.dcm' };
    const files = [slice(0), slice(2), twice, slice(4)];
    expect((await read(files)).shape[2]).toBe(3);
    expect(await notesOf(files)).toEqual(['1 slice given twice, with the same pixels, kept once: copy.dcm']);
  });

  it('that differ at one place are refused, both named', () =>
    refused(
      [slice(0), slice(2), { ...slice(2, { [TAG.PixelData]: ['OW', others] }), name: 'other.dcm' }],
      'invalid-data',
      /^other\.dcm: it lies where z2\.dcm lies, at \(-10, -20, 2\) mm, with other pixels; leave one of them out/,
    ));

  it('of several time points are recognised', () =>
    refused(
      [0, 2].flatMap((z) => [0, 1, 2].map((t) => slice(z, { [TAG.RescaleIntercept]: ['DS', `${t}`] }))),
      'invalid-data',
      /3 slices lie there: the series has several volumes/,
    ));

  it.each<[string, Elements, RegExp]>([
    [
      'matrices',
      {
        [TAG.Rows]: ['US', [1]],
        [TAG.PixelData]: ['OW', others.subarray(0, 6)],
      },
      /^odd\.dcm: its Rows × Columns is \[1,3\], but that of z0\.dcm in the same series is \[2,3\]/,
    ],
    ['pixel sizes', { [TAG.PixelSpacing]: ['DS', '0.5\\0.8'] }, /^odd\.dcm: its PixelSpacing is \[0\.5,0\.8\]/],
    [
      'orientations',
      { [TAG.ImageOrientationPatient]: ['DS', '1\\0\\0\\0\\0\\-1'] },
      /^odd\.dcm: its ImageOrientationPatient is/,
    ],
  ])('of different %s are refused, the first that differs named', (_, other, message) =>
    refused([slice(0), slice(2), { ...slice(4, other), name: 'odd.dcm' }], 'invalid-data', message),
  );

  it('may be one, whose thickness is then its depth', async () => {
    expect((await read([slice(3)])).spacing[2]).toBe(9);
    expect(await notesOf([slice(3)])).toEqual([expect.stringMatching(/one slice only: its thickness of 9 mm/)]);
    expect((await read([slice(3, { [TAG.SliceThickness]: undefined })])).spacing[2]).toBe(1);
  });
});

describe('a folder of several series', () => {
  const files = [
    ...[0, 2, 4].map((z) => slice(z)),
    slice(0, { ...inSeries('1.2.9'), [TAG.SeriesDescription]: ['LO', 'scout'] }),
  ];

  it('is refused with a list of them', () =>
    refused(
      files,
      'invalid-data',
      /^folder: it holds 2 series/,
      / {2}1\.2\.3: CT, '', 3 slices, 3×2\n {2}1\.2\.9: CT, 'scout', 1 slice, 3×2$/,
    ));

  it('is read where one is named', async () => {
    expect((await read(files, '1.2.3')).shape).toEqual([3, 2, 3]);
    expect((await read(files, '1.2.9')).shape).toEqual([3, 2, 1]);
    await expect(read(files, '1.2')).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/there is no series '1\.2'; there are\n {2}1\.2\.3/),
    });
  });

  it('may hold unreadable images in another series than the one named', async () => {
    const jpeg = { ...slice(0, inSeries('1.2.7'), '1.2.840.10008.1.2.4.70'), name: 'jpeg.dcm' };
    expect((await read([...files, jpeg], '1.2.3')).shape).toEqual([3, 2, 3]);
    await expect(read([...files, jpeg], '1.2.7')).rejects.toThrow(/^jpeg\.dcm: .*JPEG lossless/);
  });
});

describe('what is no image', () => {
  const licence = { name: 'LICENSE', bytes: new TextEncoder().encode('Creative Commons'.repeat(40)) };
  const directory = {
    name: 'DICOMDIR',
    bytes: dicomFile({ [TAG.Modality]: ['CS', 'XX'] }, undefined, '1.2.840.10008.1.3.10'),
  };

  it('is passed over and counted', async () => {
    expect(await notesOf([licence, slice(0), directory, slice(2), { name: '.x', bytes: new Uint8Array(0) }])).toEqual([
      '2 files passed over: no DICOM',
      '1 file passed over: DICOM without an image (directory, report, plan …)',
    ]);
  });

  it('alone is no series', async () => {
    await refused([licence], 'invalid-data', /^folder: there is no DICOM image \(1 file passed over: no DICOM\)/);
    await refused([], 'invalid-data', /^folder: there is no DICOM image$/);
  });

  it('under a name of DICOM is an error', async () => {
    await refused([slice(0), { ...licence, name: 'a.dcm' }], 'file-format', /^a\.dcm: this is no DICOM file/);
    await refused([{ name: 'a.dcm', bytes: new Uint8Array(0) }], 'file-format', /^a\.dcm: the file is empty/);
  });
});

describe('values', () => {
  const unsigned = { [TAG.PixelRepresentation]: ['US', [0]] } as const;
  it('that are rescaled take the first of int16, uint16, int32 that holds them', async () => {
    const typeOf = async (slope: string, intercept: string, other: Elements = {}) =>
      (
        await read([
          slice(0, { [TAG.RescaleSlope]: ['DS', slope], [TAG.RescaleIntercept]: ['DS', intercept], ...other }),
        ])
      ).dtype;
    expect(await typeOf('1', '-1024')).toBe('int16');
    expect(await typeOf('1', '-1024.0', unsigned)).toBe('int16');
    expect(await typeOf('1', '40000')).toBe('uint16');
    expect(await typeOf('-100000', '0')).toBe('int32');
    expect(await typeOf('1.5', '0')).toBe('float32');
    expect(await typeOf('1', '0')).toBe('int16');
    expect(await typeOf('1', '0', unsigned)).toBe('uint16');
  });

  it('may be followed by padding, which is said', async () => {
    const longer = new Uint8Array(20);
    const volume = await read([slice(0, { [TAG.PixelData]: ['OW', longer] })]);
    expect((volume.header as DicomHeader).notes[0]).toMatch(/1 file with more pixel data than pixels/);
  });
});
