import { readFileSync } from 'node:fs';
import { isCrlnError, stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { readNifti } from '../../src/nifti/read.js';

const golden = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../golden/${name}`, import.meta.url)));

/** Reads, or fails with a CrlnError that names the file: anything else fails the test. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  try {
    const volume = await readNifti(bytes, 'bad.nii');
    expect(volume.data.length).toBe(volume.shape[0] * volume.shape[1] * volume.shape[2]);
    return true;
  } catch (error) {
    if (!isCrlnError(error)) throw error;
    expect(error.message).toMatch(/^bad\.nii: /);
    return false;
  }
}

/** A golden file with some numbers of its header replaced. */
function edited(name: string, edits: (view: DataView) => void): Uint8Array {
  const bytes = golden(name);
  edits(new DataView(bytes.buffer));
  return bytes;
}
const dims = (...values: number[]) =>
  edited('int16-le.nii', (view) => {
    for (const [n, value] of values.entries()) view.setInt16(40 + 2 * n, value, true);
  });

describe('a damaged file is one CrlnError naming the file', () => {
  it.each(['int16-le.nii', 'nifti2-be.nii', 'packed.nii.gz', 'extension.nii'])(
    '%s, cut short anywhere',
    async (name) => {
      const bytes = golden(name);
      for (let length = 0; length < bytes.length; length += 3) {
        expect(await survives(bytes.subarray(0, length)), `${length} of ${bytes.length} bytes`).toBe(false);
      }
      expect(await survives(bytes)).toBe(true);
    },
  );

  it.each(['int16-be.nii', 'nifti2-le.nii', 'packed.nii.gz', 'qform.nii'])(
    '%s, with random bytes changed',
    async (name) => {
      let refused = 0;
      for (let mutant = 0; mutant < 150; mutant++) {
        const rng = stream(7, `mutant/${name}`, mutant);
        const bytes = golden(name);
        for (let n = 0; n <= rng.integer(4); n++) bytes[rng.integer(bytes.length)] = rng.integer(256);
        if (!(await survives(bytes))) refused++;
      }
      expect(refused).toBeGreaterThan(0);
    },
  );

  it.each<[string, Uint8Array, RegExp]>([
    ['2-D', dims(2, 6, 4), /2-D with dimensions \[6,4\]; a 3-D volume is needed/],
    ['4-D', dims(4, 2, 3, 2, 2), /4-D with dimensions \[2,3,2,2\]; only 3-D/],
    ['a size of zero', dims(3, 4, 0, 2), /each must be at least 1/],
    ['a negative size', dims(3, 4, -3, 2), /each must be at least 1/],
    ['absurd sizes', dims(3, 30000, 30000, 30000), /at most 2147483647/],
    ['a large volume that is not there', dims(3, 1000, 1000, 1000), /cut short: a 1000×1000×1000 volume of int16/],
    ['an empty file', new Uint8Array(0), /the file is empty/],
    ['text', new TextEncoder().encode('hello, this is a note'.repeat(40)), /no NIfTI file/],
    ['another format', new TextEncoder().encode('NRRD0004\ntype: short'), /this is a NRRD file/],
    ['RGB', edited('int16-le.nii', (view) => view.setInt16(70, 128, true)), /datatype is 128 \(RGB24\)/],
    [
      'voxels inside the header',
      edited('int16-le.nii', (view) => view.setFloat32(108, 100, true)),
      /vox_offset is 100/,
    ],
    ['a header half', edited('int16-le.nii', (view) => view.setUint8(345, 105)), /\.hdr\/\.img pair/],
    [
      'a matrix of zeros',
      edited('int16-le.nii', (view) => {
        for (let n = 0; n < 12; n++) view.setFloat32(280 + 4 * n, 0, true);
      }),
      /sform gives no usable/,
    ],
    ['a quaternion of 9s', edited('qform.nii', (view) => view.setFloat32(256, 9, true)), /quaternion .* longer than 1/],
  ])('says what is wrong: %s', async (_, bytes, message) => {
    await expect(readNifti(bytes, 'bad.nii')).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(message),
    });
  });

  it('asks for no memory for voxels that its gzip data cannot hold', async () => {
    const packed = await new Response(
      new Blob([dims(3, 2000, 1000, 1000) as Uint8Array<ArrayBuffer>])
        .stream()
        .pipeThrough(new CompressionStream('gzip')),
    ).arrayBuffer();
    await expect(readNifti(new Uint8Array(packed), 'bad.nii.gz')).rejects.toThrow(/bad\.nii\.gz: its header promises/);
  });

  it('reads a 4-D file whose fourth dimension is 1', async () => {
    const { shape } = await readNifti(dims(4, 4, 3, 2, 1), 'flat.nii');
    expect(shape).toEqual([4, 3, 2]);
  });
});
