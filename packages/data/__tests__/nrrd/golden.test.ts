import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readVolume } from '../../src/node.js';
import type { NrrdHeader } from '../../src/nrrd/header.js';
import { readNrrd } from '../../src/nrrd/read.js';
import { writeNrrd } from '../../src/nrrd/write.js';
import { withData } from '../../src/volume.js';

const folder = new URL('../golden/nrrd/', import.meta.url);

interface Facts {
  values: number[];
  affine: number[];
  dtype?: string;
  spacingStored?: boolean;
  keyValues?: Record<string, string>;
}
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<string, Facts | string>;
/** A file that must read as an earlier one has that one's name. */
const factsOf = (name: string): Facts => {
  const entry = expected[name]!;
  return typeof entry === 'string' ? factsOf(entry) : entry;
};
const files = readdirSync(folder).filter((name) => /\.n(rrd|hdr)$/.test(name));

describe.each(files)('%s, written by pynrrd, SimpleITK or unu', (name) => {
  const facts = factsOf(name);
  const path = fileURLToPath(new URL(name, folder));

  it('reads as SimpleITK reads it: shape, affine, type, voxels', async () => {
    const volume = await readVolume(path);
    const { spacingStored = true, keyValues = {}, dtype = name === 'label.nrrd' ? 'uint8' : 'int16' } = facts;
    expect(volume).toMatchObject({ shape: [4, 3, 2], channels: 1, dtype, source: path });
    expect([...volume.data]).toEqual(facts.values);
    for (const [n, value] of facts.affine.entries()) expect(volume.affine[n]).toBeCloseTo(value, 10);
    expect(volume.header).toMatchObject({ format: 'nrrd', spacingStored, keyValues });
  });

  it('comes back from being written bit for bit, with its fields, pairs and comments', async () => {
    const volume = await readVolume(path);
    for (const encoding of ['raw', 'gzip', 'ascii'] as const) {
      const again = await readNrrd(await writeNrrd(volume, { encoding }), path);
      expect(again).toEqual(volume);
    }
  });

  it('keeps its place, and not its range of values, under other values', async () => {
    const volume = await readVolume(path);
    const header = { ...(volume.header as NrrdHeader) };
    const labels = withData(
      { ...volume, header: { ...header, fields: { ...header.fields, min: '3' } } },
      new Uint8Array(24),
    );
    const again = await readNrrd(await writeNrrd(labels), path);
    expect(again).toEqual({ ...volume, data: new Uint8Array(24), dtype: 'uint8' });
  });
});
