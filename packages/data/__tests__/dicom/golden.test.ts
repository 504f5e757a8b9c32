import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DicomHeader } from '../../src/dicom/header.js';
import { readDicomSeries } from '../../src/dicom/read.js';
import { readDicomFolder } from '../../src/node/dicom.js';
import { golden, goldenFolder } from './goldens.js';

interface Facts {
  shape: number[];
  affine: number[];
  values: number[];
}
const expected = JSON.parse(readFileSync(new URL('expected.json', goldenFolder), 'utf8')) as Record<string, Facts>;
const names = readdirSync(goldenFolder).filter((name) => !name.includes('.'));
/** What a series must be held as, where that is not int16. */
const TYPES: Record<string, string> = {
  'big-endian-bytes': 'uint8',
  'rle-bytes': 'uint8',
  uint8: 'uint8',
  int8: 'int8',
  uint16: 'uint16',
  uint32: 'uint32',
  int32: 'int32',
  'high-bit': 'uint16',
  wide: 'int32',
  slope: 'float32',
  'slope-per-slice': 'float32',
};

describe.each(names)('%s, written by pydicom', (name) => {
  const facts = expected[name]!;

  it('reads as pydicom and SimpleITK read it: shape, affine, voxels, in the smallest type that holds them', async () => {
    const read = await readDicomSeries(golden(name), name);
    expect(read.shape).toEqual(facts.shape);
    for (const [n, value] of facts.affine.entries()) expect(read.affine[n]).toBeCloseTo(value, 4);
    const round = read.dtype === 'float32' ? Math.fround : Number;
    expect([...read.data]).toEqual(facts.values.map(round));
    expect(read.dtype).toBe(TYPES[name] ?? 'int16');
  });

  it('keeps nothing of the patient', async () => {
    const { header } = await readDicomSeries(golden(name), name);
    expect(header).toMatchObject({ format: 'dicom', modality: 'CT', seriesUid: expect.stringMatching(/^1\.2\./) });
    expect(JSON.stringify(header)).not.toMatch(/secret|somebody|1901/i);
  });
});

describe('readDicomSeries', () => {
  it('takes PixelSpacing as rows first: spacing and affine have columns first', async () => {
    const { spacing, affine } = await readDicomSeries(golden('oblique'), 'oblique');
    expect(spacing.slice(0, 2)).toEqual([1.3, 0.7]);
    expect(spacing[2]).toBeCloseTo(2.5, 5);
    expect(Math.hypot(affine[0]!, affine[4]!, affine[8]!)).toBeCloseTo(1.3, 9);
  });

  it('says that large values are dark, and that a stack is sheared', async () => {
    const dark = await readDicomSeries(golden('monochrome1'), 'dark');
    expect(dark.header).toMatchObject({ photometric: 'MONOCHROME1', notes: [expect.stringMatching(/not inverted/)] });
    const tilted = await readDicomSeries(golden('tilt'), 'tilt');
    expect((tilted.header as DicomHeader).notes).toEqual([expect.stringMatching(/sheared .* 0\.4 mm sideways/)]);
  });

  it('reads the same from a folder, from one file of it, and from bytes that are asked for', async () => {
    const folder = new URL('ct/', goldenFolder).pathname;
    const want = await readDicomSeries(golden('ct'), 'ct');
    const file = `${folder}${readdirSync(folder)[2]}`;
    const lazy = golden('ct').map(({ name, bytes }) => ({ name, bytes: async () => bytes }));
    for (const read of [
      await readDicomFolder(folder),
      await readDicomFolder(file),
      await readDicomSeries(lazy, 'ct'),
    ]) {
      expect(read.data).toEqual(want.data);
      expect(read.affine).toEqual(want.affine);
      expect(read.header).toEqual(want.header);
    }
  });
});

it('leaves the bytes it is given alone, also those of a Buffer that starts anywhere', async () => {
  const files = [...golden('big-endian')].map(({ name, bytes }) => {
    const padded = Buffer.concat([Buffer.alloc(3), bytes as Uint8Array]);
    return { name, bytes: padded.subarray(3) };
  });
  const before = files.map(({ bytes }) => Buffer.from(bytes));
  const read = await readDicomSeries(files, 'big-endian');
  expect([...read.data]).toEqual(expected['big-endian']!.values);
  for (const [n, { bytes }] of files.entries()) expect(bytes.equals(before[n]!)).toBe(true);
});
