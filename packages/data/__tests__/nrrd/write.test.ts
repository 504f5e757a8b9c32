import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NrrdHeader } from '../../src/nrrd/header.js';
import { readNrrd } from '../../src/nrrd/read.js';
import { writeNrrd } from '../../src/nrrd/write.js';
import { reorient } from '../../src/orientation.js';
import { VOXEL_ARRAYS, type Volume, type VoxelType, volume, withData } from '../../src/volume.js';
import { rotationAffine } from '../rotation.js';

const angle = fc.double({ min: -180, max: 180, noNaN: true });
const size = fc.double({ min: 0.2, max: 5, noNaN: true });
const affines = fc
  .tuple(angle, angle, angle, size, size, size, fc.boolean())
  .map(([a, b, c, x, y, z, flip]) => rotationAffine([a, b, c], [x, y, flip ? -z : z], [a, -b, c]))
  // A number has one zero in a file.
  .map((affine) => affine.map((value) => value + 0));
const types = Object.keys(VOXEL_ARRAYS) as VoxelType[];
const headerOf = (v: Volume): NrrdHeader => v.header as NrrdHeader;
const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** Values all over a type's range; for the 64-bit ones as far as a float64 names each. */
function valuesOf(type: VoxelType, n: number, seed: number): Volume['data'] {
  const noise = new Uint8Array(8 * n);
  let state = seed;
  for (let at = 0; at < noise.length; at++) {
    state = (state * 48271) % 2147483647;
    noise[at] = state >> 7;
  }
  if (type === 'int64' || type === 'uint64')
    return Float64Array.from(new BigUint64Array(noise.buffer), (value) => {
      const whole = Number(value >> 11n);
      return type === 'int64' && whole % 2 === 1 ? -whole : whole;
    });
  return new VOXEL_ARRAYS[type](noise.buffer, 0, n);
}

describe('writeNrrd', () => {
  it('is undone by readNrrd bit for bit, for every type, shape, rotated grid and encoding', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...types),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 19 })),
        affines,
        fc.constantFrom('raw' as const, 'gzip' as const, 'ascii' as const),
        fc.integer({ min: 1, max: 2 ** 30 }),
        async (dtype, shape, affine, encoding, seed) => {
          const data = valuesOf(dtype, shape[0] * shape[1] * shape[2], seed);
          const made = { ...volume(data, shape, { affine }), dtype };
          const back = await readNrrd(await writeNrrd(made, { encoding }));
          expect(back).toMatchObject({ shape, dtype, channels: 1 });
          // Of floats, too: each NaN is as good as another.
          expect([...back.data]).toEqual([...data]);
          expect(back.affine).toEqual(affine);
          expect(back.spacing).toEqual(made.spacing);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('keeps any pair and comment', async () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 12 }).map((s) => s.replace(/\r/g, ''));
    const key = fc.stringMatching(/^[A-Za-z\\_][ A-Za-z0-9_\\.]{0,8}[a-z]$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, word), async (keyValues) => {
        const header = {
          format: 'nrrd',
          spacingStored: true,
          fields: {},
          keyValues,
          comments: [' one', 'two: 2'],
        } as const;
        const made = { ...volume(new Uint8Array(1), [1, 1, 1]), header };
        const back = headerOf(await readNrrd(await writeNrrd(made)));
        expect(back.comments).toEqual(header.comments);
        expect(Object.entries(back.keyValues)).toEqual(Object.entries(keyValues));
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a key that would be read as something else', async () => {
    for (const key of ['', '#a', 'type: x', 'a:=b', 'a:']) {
      const header = {
        format: 'nrrd',
        spacingStored: true,
        fields: {},
        keyValues: { [key]: '1' },
        comments: [],
      } as const;
      const made = { ...volume(new Uint8Array(1), [1, 1, 1]), header };
      await expect(writeNrrd(made)).rejects.toMatchObject({ code: 'invalid-data' });
    }
  });

  it('writes what others read: LPS, little-endian, gzip', async () => {
    const made = volume(Int16Array.of(1, 2), [1, 1, 2], {
      affine: [2, 0, 0, 5, 0, 0.1, 0, -7, 0, 0, 3, 9, 0, 0, 0, 1],
    });
    expect(text(await writeNrrd(made)).split('\n\n')[0]).toBe(
      [
        'NRRD0004',
        'type: short',
        'dimension: 3',
        'space: left-posterior-superior',
        'sizes: 1 1 2',
        'space directions: (-2,0,0) (0,-0.1,0) (0,0,3)',
        'space origin: (-5,7,9)',
        'kinds: domain domain domain',
        'endian: little',
        'encoding: gzip',
      ].join('\n'),
    );
  });

  it('places a volume that was turned or moved in the space of its header, and keeps what is not of the grid', async () => {
    const file = new TextEncoder().encode(
      [
        'NRRD0005\ntype: uint8\ndimension: 3\nsizes: 2 1 2\nspace: RAS\nspace directions: (0,2,0) (3,0,0) (0,0,4)',
        'space origin: (1,2,3)\nlabels: "a" "b" "c"\ncontent: a scan\nmeasurement frame: (1,0,0) (0,1,0) (0,0,1)\nencoding: ascii\nx:=y\n\n1 2 3 4',
      ].join('\n'),
    );
    const turned = reorient(await readNrrd(file), 'RAS');
    const back = await readNrrd(await writeNrrd(turned));
    expect([back.affine, back.spacing, [...back.data]]).toEqual([turned.affine, turned.spacing, [...turned.data]]);
    expect(headerOf(back)).toMatchObject({
      fields: {
        space: 'right-anterior-superior',
        'space directions': '(3,0,0) (0,2,0) (0,0,4)',
        content: 'a scan',
        'measurement frame': '(1,0,0) (0,1,0) (0,0,1)',
      },
      keyValues: { x: 'y' },
    });
    expect(headerOf(back).fields.labels).toBeUndefined();
  });

  it('makes no measurement of a spacing that nobody measured', async () => {
    const header = { format: 'hdf5', spacingStored: false } as const;
    const made = { ...volume(new Uint8Array(2), [1, 1, 2]), header };
    expect(headerOf(await readNrrd(await writeNrrd(made))).spacingStored).toBe(false);
    const moved = { ...made, spacing: [2, 1, 1] as const, affine: [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] };
    expect(headerOf(await readNrrd(await writeNrrd(moved as unknown as Volume))).spacingStored).toBe(true);
  });

  it('puts channels into a first axis of kind list', async () => {
    const grid = await readNrrd(await writeNrrd(volume(new Int16Array(8), [2, 2, 2], { spacing: [1, 2, 3] })));
    const two = withData(
      grid,
      Float32Array.from({ length: 16 }, (_, n) => n),
      { channels: 2 },
    );
    const written = await writeNrrd(two, { encoding: 'raw' });
    const [head] = text(written).split('\n\n');
    expect(head).toContain('dimension: 4');
    expect(head).toContain('sizes: 2 2 2 2');
    expect(head).toContain('kinds: list domain domain domain');
    expect(head).toContain('space directions: none (-1,0,0) (0,-2,0) (0,0,3)');
    const stored = new Float32Array(written.slice(head!.length + 2).buffer);
    // The second voxel of the file is (1, 0, 0), its channels beside each other.
    expect([...stored.subarray(2, 4)]).toEqual([8, 9]);
    await expect(readNrrd(written)).rejects.toThrow(/4-D with sizes \[2,2,2,2\], axis 0 of kind list with 2 values/);
  });

  it('refuses a value that the type cannot hold', async () => {
    await expect(writeNrrd(volume(Float32Array.of(2.5), [1, 1, 1]), { dtype: 'uint8' })).rejects.toMatchObject({
      code: 'invalid-data',
    });
  });
});
