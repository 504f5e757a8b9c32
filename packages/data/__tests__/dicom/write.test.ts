import type { Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { voxelToWorld } from '../../src/affine.js';
import { decimalString } from '../../src/dicom/encode.js';
import { readDicomSeries } from '../../src/dicom/read.js';
import { type WriteDicomOptions, writeDicomSeries } from '../../src/dicom/write.js';
import { VOXEL_ARRAYS, type Volume, volume } from '../../src/volume.js';
import { rotationAffine } from '../rotation.js';

const written = (v: Volume, options?: WriteDicomOptions) => [...writeDicomSeries(v, options)];
const back = (v: Volume, options?: WriteDicomOptions) => readDicomSeries(written(v, options), 'back');

const angle = fc.double({ min: -180, max: 180, noNaN: true });
const size = fc.double({ min: 0.2, max: 5, noNaN: true });
const affines = fc
  .tuple(angle, angle, angle, size, size, size)
  .map(([a, b, c, x, y, z]) => rotationAffine([a, b, c], [x, y, z], [a, -b, c]));
const shapes = fc.tuple(
  fc.integer({ min: 1, max: 37 }),
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 19 }),
);
const exact = fc.constantFrom('uint8', 'int8', 'uint16', 'int16');

/** A volume with every value of its type, as far as it goes. */
function filled(dtype: 'uint8' | 'int8' | 'uint16' | 'int16', shape: Triple, affine: number[]): Volume {
  const data = new VOXEL_ARRAYS[dtype](shape[0] * shape[1] * shape[2]);
  for (let n = 0; n < data.length; n++) data[n] = (n * 7919 + 32760) % 65536;
  return volume(data, shape, { affine });
}

describe('writeDicomSeries', () => {
  it('is undone by readDicomSeries bit for bit for 8- and 16-bit types, any shape, any right-handed grid', async () => {
    await fc.assert(
      fc.asyncProperty(
        exact,
        shapes,
        affines,
        fc.constantFrom('CT' as const, 'MR' as const),
        async (dtype, shape, affine, modality) => {
          const made = filled(dtype, shape, affine);
          const read = await back(made, { modality });
          expect(read.data).toEqual(made.data);
          expect([read.shape, read.dtype, read.header?.format]).toEqual([shape, dtype, 'dicom']);
          expect(read.header).toMatchObject({ modality });
          for (const [n, value] of affine.entries()) expect(read.affine[n]).toBeCloseTo(value, 10);
          for (const [n, value] of made.spacing.entries()) expect(read.spacing[n]).toBeCloseTo(value, 10);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is read the same from shuffled files under other names', async () => {
    const made = filled('int16', [5, 4, 12], rotationAffine([20, -35, 50], [0.7, 1.25, 3.3], [-90, 12, 40]));
    const files = written(made);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(files, { minLength: files.length }), async (shuffled) => {
        const read = await readDicomSeries(
          shuffled.map(({ bytes }, n) => ({ name: `${n}`, bytes })),
          'back',
        );
        expect(read.data).toEqual(made.data);
      }),
      { numRuns: 30 },
    );
  });

  it('has each voxel of a left-handed grid in its place, the third axis turned round', async () => {
    const made = filled('int16', [3, 2, 4], rotationAffine([10, 20, 30], [1, 2, -3], [5, 6, 7]));
    const read = await back(made);
    for (const [i, j, k] of [
      [0, 0, 0],
      [2, 1, 3],
      [1, 0, 2],
    ] as const) {
      expect(read.data[(i * 2 + j) * 4 + 3 - k]).toBe(made.data[(i * 2 + j) * 4 + k]);
      const [there, here] = [voxelToWorld(made.affine, [i, j, k]), voxelToWorld(read.affine, [i, j, 3 - k])];
      for (const axis of [0, 1, 2]) expect(here[axis]).toBeCloseTo(there[axis]!, 9);
    }
  });

  it('keeps a sheared stack', async () => {
    const affine = [1, 0, 0.2, 0, 0, 1, 0.3, 0, 0, 0, 2, 0, 0, 0, 0, 1];
    const read = await back(filled('uint8', [4, 3, 5], affine));
    for (const [n, value] of affine.entries()) expect(read.affine[n]).toBeCloseTo(value, 10);
    expect(read.spacing[2]).toBeCloseTo(Math.hypot(0.2, 0.3, 2), 10);
  });

  it.each<[string, number[], string]>([
    ['float32', [-3, 0, 2000], 'int16'],
    ['float64', [0, 1, 40000], 'uint16'],
    ['int32', [-40000, 0, 20000], 'int32'],
    ['uint32', [4_000_000_000, 4_000_065_535], 'uint32'],
  ])('writes %s volumes of whole numbers exactly', async (dtype, values, type) => {
    const array = VOXEL_ARRAYS[dtype as 'float32'];
    const read = await back(volume(array.from(values), [values.length, 1, 1]));
    expect([...read.data]).toEqual(values);
    expect(read.dtype).toBe(type);
  });

  it.each<[string, Volume, WriteDicomOptions, string, RegExp]>([
    [
      'fractions',
      volume(Float32Array.of(1, 2.5), [1, 1, 2]),
      {},
      'invalid-data',
      /the value 2\.5 at \[0,0,1\] is no whole number/,
    ],
    ['NaN', volume(Float32Array.of(Number.NaN), [1, 1, 1]), {}, 'invalid-data', /the value NaN at \[0,0,0\]/],
    [
      'wide ranges',
      volume(Int32Array.of(-1, 70000), [1, 1, 2]),
      {},
      'invalid-data',
      /range from -1 to 70000; .* a range of 65535/,
    ],
    [
      'channels',
      volume(new Uint8Array(2), [1, 1, 1], { channels: 2 }),
      {},
      'invalid-data',
      /it has 2 channels; a DICOM series has one/,
    ],
    [
      'slanted slices',
      volume(new Uint8Array(1), [1, 1, 1], { affine: [1, 0.3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] }),
      {},
      'invalid-data',
      /first two axes are not at right angles \(cosine 0\.287\)/,
    ],
    ['too many rows', volume(new Uint8Array(65536), [1, 65536, 1]), {}, 'invalid-shape', /at most 65535 rows/],
    [
      'another modality',
      volume(new Uint8Array(1), [1, 1, 1]),
      { modality: 'US' as 'CT' },
      'invalid-option',
      /'CT' or 'MR'/,
    ],
    [
      'a long description',
      volume(new Uint8Array(1), [1, 1, 1]),
      { description: 'é' },
      'invalid-option',
      /64 characters/,
    ],
  ])('refuses %s before it makes a file', (_, v, options, code, message) => {
    expect(() => writeDicomSeries(v, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('makes the same files of the same volume, and other identifiers of another', () => {
    const shape: Triple = [3, 2, 2];
    const affine = rotationAffine([0, 0, 0], [1, 1, 1], [0, 0, 0]);
    const first = written(filled('int16', shape, affine));
    expect(written(filled('int16', shape, affine))).toEqual(first);
    const uids = (files: { bytes: Uint8Array }[]): string[] =>
      files.flatMap(({ bytes }) => new TextDecoder('latin1').decode(bytes).match(/2\.25\.\d+/g) ?? []);
    const other = filled('int16', shape, affine);
    other.data[5] = 77;
    const shared = new Set(uids(first));
    // Only that of the writing program is the same.
    expect(uids(written(other)).filter((uid) => shared.has(uid)).length).toBe(2);
    for (const uid of shared) expect(uid.length).toBeLessThanOrEqual(64);
    expect(first.map(({ name }) => name)).toEqual(['000001.dcm', '000002.dcm']);
  });
});

describe('decimalString', () => {
  it('says any number in 16 characters, to at least nine digits', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (value) => {
        const text = decimalString(value);
        expect(text.length).toBeLessThanOrEqual(16);
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(1e-8 * Math.abs(value) + 5e-324);
      }),
    );
  });
});
