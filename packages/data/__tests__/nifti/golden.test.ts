import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NiftiHeader } from '../../src/nifti/header.js';
import { readNifti } from '../../src/nifti/read.js';
import { writeNifti } from '../../src/nifti/write.js';

const folder = new URL('../golden/', import.meta.url);

interface Facts {
  shape: number[];
  affine: number[];
  zooms: number[];
  qform_code: number;
  sform_code: number;
  xyzt_units: number;
  intent_code: number;
  datatype: number;
  descrip: string;
  values: number[];
}
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<string, Facts | string>;
/** A file that must read as an earlier one has that one's name. */
const factsOf = (name: string): Facts => {
  const entry = expected[name]!;
  return typeof entry === 'string' ? factsOf(entry) : entry;
};
const files = readdirSync(folder).filter((name) => /\.nii(\.gz)?$/.test(name));

describe.each(files)('%s, written by nibabel', (name) => {
  const facts = factsOf(name);
  const bytes = readFileSync(new URL(name, folder));

  it('reads as nibabel reads it: shape, affine, spacing, codes, voxels', async () => {
    const volume = await readNifti(bytes, name);
    const header = volume.header as NiftiHeader;
    expect(volume.shape).toEqual(facts.shape);
    for (const [n, value] of facts.affine.entries()) expect(volume.affine[n]).toBeCloseTo(value, 5);
    for (const [n, value] of facts.zooms.entries()) expect(volume.spacing[n]).toBeCloseTo(value, 5);
    expect([header.qformCode, header.sformCode]).toEqual([facts.qform_code, facts.sform_code]);
    expect([header.xyztUnits, header.intentCode]).toEqual([facts.xyzt_units, facts.intent_code]);
    expect([header.datatype, header.descrip]).toEqual([facts.datatype, facts.descrip]);
    // Scaled 8- and 16-bit values are held as float32.
    const round = volume.data instanceof Float32Array ? Math.fround : Number;
    expect([...volume.data]).toEqual(facts.values.map(round));
  });

  it('comes back from being written with every header field but scaling and datatype bit for bit', async () => {
    const volume = await readNifti(bytes, name);
    const again = await readNifti(await writeNifti(volume), name);
    const scaled = name.startsWith('scaled');
    const { sclSlope, sclInter, voxOffset, ...header } = volume.header as NiftiHeader;
    const ours = again.header as NiftiHeader;
    expect(ours).toMatchObject(scaled ? { ...header, datatype: ours.datatype, bitpix: ours.bitpix } : header);
    expect([...again.data]).toEqual([...volume.data]);
    expect(again.affine).toEqual(volume.affine);
    expect(again.spacing).toEqual(volume.spacing);
  });
});
