import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { isCrlnError, stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { readNrrd } from '../../src/nrrd/read.js';

const golden = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../golden/nrrd/${name}`, import.meta.url)));

/** Reads, or fails with a CrlnError that names the file: anything else fails the test. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  try {
    const volume = await readNrrd(bytes, 'bad.nrrd');
    expect(volume.data.length).toBe(volume.shape[0] * volume.shape[1] * volume.shape[2]);
    return true;
  } catch (error) {
    if (!isCrlnError(error)) throw error;
    expect(error.message).toMatch(/^bad\.nrrd: /);
    return false;
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const SOUND: Readonly<Record<string, string>> = {
  type: 'int16',
  dimension: '3',
  sizes: '4 3 2',
  space: 'LPS',
  'space directions': '(1,0,0) (0,1,0) (0,0,1)',
  endian: 'little',
  encoding: 'raw',
};
const NUMBERS = Array.from({ length: 24 }, (_, n) => n).join(' ');

/** A small file with some fields replaced (or left out), then these lines, then these bytes. */
function file(
  fields: Record<string, string | undefined> = {},
  lines = '',
  data: Uint8Array = new Uint8Array(48),
): Uint8Array {
  const all = Object.entries({ ...SOUND, ...fields }).filter(([, text]) => text !== undefined);
  const head = encode(`NRRD0005\n${all.map(([field, text]) => `${field}: ${text}\n`).join('')}${lines}\n`);
  return new Uint8Array(Buffer.concat([head, data]));
}
const ascii = (data: string, type = 'int16'): Uint8Array => file({ encoding: 'ascii', type }, '', encode(data));

describe('a damaged file is one CrlnError naming the file', () => {
  it.each(['int16-be-raw.nrrd', 'float32-le-gzip.nrrd', 'uint16-ascii.nrrd', 'unu-hex.nrrd', 'list-of-one.nrrd'])(
    '%s, cut short anywhere',
    async (name) => {
      const bytes = golden(name);
      const end = bytes.length - (name.includes('ascii') || name.includes('hex') ? 3 : 0);
      for (let length = 0; length < end; length += 5)
        expect(await survives(bytes.subarray(0, length)), `${length} of ${bytes.length} bytes`).toBe(false);
      expect(await survives(bytes)).toBe(true);
    },
  );

  it.each([
    'int16-be-raw.nrrd',
    'float64-le-gzip.nrrd',
    'int8-ascii.nrrd',
    'itk.nrrd',
    'unu-hex.nrrd',
    'mins-node.nrrd',
  ])('%s, with random bytes changed', async (name) => {
    let refused = 0;
    for (let mutant = 0; mutant < 200; mutant++) {
      const rng = stream(7, `mutant/${name}`, mutant);
      const bytes = golden(name);
      for (let n = 0; n <= rng.integer(4); n++) bytes[rng.integer(bytes.length)] = rng.integer(256);
      if (!(await survives(bytes))) refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('reads the file that these are made from', async () => {
    expect(await survives(file())).toBe(true);
    expect(await survives(ascii(NUMBERS))).toBe(true);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /no NRRD file/],
    ['another format', golden('../int16-le.nii'), /no NRRD file/],
    ['a version to come', encode('NRRD0006\n\n'), /first line is "NRRD0006"; expected NRRD0001 to NRRD0005/],
    ['a line of nothing', file({}, 'what is this\n'), /the line "what is this"/],
    ['a field twice', file({}, 'type: int\n'), /the field 'type' twice/],
    ['no type', file({ type: undefined }), /its type is not given/],
    ['an unknown type', file({ type: 'quaternion' }), /its type is 'quaternion'; expected an integer/],
    ['blocks', file({ type: 'block' }, 'block size: 2\n'), /its type is 'block'/],
    ['no dimension', file({ dimension: undefined }), /its dimension is not given/],
    ['a huge dimension', file({ dimension: '1000000000' }), /its dimension is 1000000000; expected 1 to 16/],
    [
      '2-D',
      file({ dimension: '2', sizes: '6 4', 'space directions': undefined, space: undefined }),
      /2-D with sizes \[6,4\]; a 3-D volume is needed/,
    ],
    ['sizes against dimension', file({ dimension: '4' }), /its sizes are 4 3 2; expected 4 whole numbers/],
    ['a size of zero', file({ sizes: '4 0 2' }), /its sizes are 4 0 2/],
    ['a negative size', file({ sizes: '4 -3 2' }), /its sizes are 4 -3 2/],
    ['a size that is no number', file({ sizes: '4 1e3 2' }), /its sizes are 4 1e3 2/],
    ['absurd sizes', file({ sizes: '99999999 99999999 99999999' }), /at most 2147483647 can be held/],
    [
      'a large volume that is not there',
      file({ sizes: '1000 1000 1000' }),
      /cut short: a 1000×1000×1000 volume of int16/,
    ],
    [
      'a large packed volume that is not there',
      file({ sizes: '2000 1000 1000', encoding: 'gzip' }, '', gzipSync('abc')),
      /its header promises 4000000000 bytes/,
    ],
    ['a large volume of text that is not there', file({ sizes: '1000 1000 1000', encoding: 'ascii' }), /cut short/],
    [
      'a time series',
      file({
        dimension: '4',
        sizes: '4 3 1 2',
        kinds: 'domain domain domain time',
        'space directions': '(1,0,0) (0,1,0) (0,0,1) none',
      }),
      /axis 3 of kind time with 2 values; only 3-D/,
    ],
    [
      '4-D',
      file({ dimension: '4', sizes: '2 2 3 2', space: undefined, 'space directions': undefined }),
      /4-D with sizes \[2,2,3,2\]; only 3-D/,
    ],
    ['colours', file({ kinds: 'RGB-color domain domain', sizes: '3 4 2' }), /axis 0 of kind RGB-color with 3 values/],
    [
      'too few directions',
      file({ 'space directions': '(1,0,0) (0,1,0)' }),
      /its space directions are .*; expected 3, one for each axis/,
    ],
    [
      'a direction of NaN',
      file({ 'space directions': '(1,0,0) (0,nan,0) (0,0,1)' }),
      /its space directions has '\(0,nan,0\)'; expected three finite numbers/,
    ],
    ['a flat direction', file({ 'space directions': '(1,0) (0,1) (1,1)' }), /expected three finite numbers/],
    ['no direction', file({ 'space directions': 'none none none' }), /axis 0 of kind none with 4 values/],
    [
      'directions in one plane',
      file({ 'space directions': '(1,0,0) (0,1,0) (1,1,0)' }),
      /give no usable voxel-to-world matrix/,
    ],
    [
      'a direction of zeros',
      file({ 'space directions': '(0,0,0) (0,1,0) (0,0,1)' }),
      /give no usable voxel-to-world matrix/,
    ],
    ['a huge direction', file({ 'space directions': '(1e308,0,0) (0,1e308,0) (0,0,1e308)' }), /no usable/],
    ['directions in no space', file({ space: undefined }), /no 'space' that they are in/],
    ['a broken origin', file({}, 'space origin: (1,2\n'), /its space origin has '\(1,2'/],
    ['a space of mirrors', file({ space: '3D-left-handed' }), /does not say which of its axes to turn round/],
    ['a space with time', file({ space: 'RAST' }), /has a time axis/],
    ['an unknown space', file({ space: 'constructor' }), /its space is 'constructor', which is not in the format/],
    ['a flat space', file({ space: undefined }, 'space dimension: 2\n'), /its space dimension is 2/],
    [
      'a unit of nobody',
      file({}, 'space units: "mm" "mm" "furlong"\n'),
      /its space units are .*; expected three of "mm"/,
    ],
    ['a spacing of zero', file({ 'space directions': undefined, spacings: '1 0 1' }), /its spacings are 1 0 1/],
    ['a spacing of text', file({ 'space directions': undefined, spacings: '1 x 1' }), /'x' is no number/],
    [
      'bzip2',
      file({ encoding: 'bzip2' }),
      /its encoding is bzip2, which is not supported; .* write it again with gzip/,
    ],
    ['an unknown encoding', file({ encoding: 'zip' }), /its encoding is zip; expected raw/],
    ['no byte order', file({ endian: undefined }), /its endian is not given/],
    ['a middle byte order', file({ endian: 'middle' }), /its endian is middle/],
    ['bytes to skip that are not there', file({}, 'byte skip: 900719925474\n'), /cut short/],
    ['lines to skip that are not there', file({}, 'line skip: 900719925474\n'), /lines to skip, expected 900719925474/],
    [
      'much packed data to skip',
      file({ encoding: 'gzip' }, `byte skip: ${2 ** 26 + 1}\n`, gzipSync(new Uint8Array(2 ** 26 + 49))),
      /the voxels begin behind 67108865 bytes of packed data; expected at most 67108864/,
    ],
    ['a negative skip', file({}, 'line skip: -1\n'), /its line skip is -1/],
    [
      'a skip from the end of packed data',
      file({ encoding: 'gzip' }, 'byte skip: -1\n'),
      /its byte skip is -1; expected a whole number of at least 0/,
    ],
    ['a header without end', encode('NRRD0004\ntype: short\n'), /its (dimension|header)/],
    ['damaged gzip', file({ encoding: 'gzip' }, '', gzipSync(new Uint8Array(48)).fill(7, 15)), /gzip data is damaged/],
    ['too little in gzip', file({ encoding: 'gzip' }, '', gzipSync(new Uint8Array(47))), /cut short/],
    ['no gzip', file({ encoding: 'gzip' }), /gzip data is damaged/],
    ['too few numbers', ascii(`${NUMBERS.slice(0, -2)}     `), /its text has 23 numbers, expected 24/],
    [
      'a word among numbers',
      ascii(NUMBERS.replace('7', 'seven')),
      /its data has 'seven' where a number is expected \(int16\)/,
    ],
    ['a number out of range', ascii(NUMBERS.replace('7', '70000')), /its data has '70000'/],
    ['half a number', ascii(NUMBERS.replace('7', '7.5')), /its data has '7\.5'/],
    ['hexadecimal among numbers', ascii(NUMBERS.replace('7', '0x7'), 'float'), /its data has '0x7'/],
    ['one endless word', ascii('1'.repeat(200_000)), /where a number is expected/],
    [
      'a letter among hexadecimal digits',
      file({ encoding: 'hex' }, '', encode('00'.repeat(40) + 'g'.repeat(99))),
      /its data has 'g' where/,
    ],
    [
      'too few hexadecimal digits',
      file({ encoding: 'hex' }, '', encode('00'.repeat(40) + ' '.repeat(99))),
      /its text has 40 bytes, expected 48/,
    ],
    ['its voxels elsewhere', file({}, 'data file: x.raw\n'), /its voxels are in another file, 'x\.raw'/],
  ])('says what is wrong: %s', async (_, bytes, message) => {
    await expect(readNrrd(bytes, 'bad.nrrd')).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(message),
    });
  });

  it('takes no time over a header made to take it', async () => {
    for (const text of [
      `labels: ${'"\\'.repeat(2 ** 18)}\n`,
      `space origin: ${'('.repeat(2 ** 18)}\n`,
      `kinds: ${'x '.repeat(2 ** 18)}\n`,
      `spacings: ${'1'.repeat(2 ** 18)}x\n`,
      `data file: a%${' '.repeat(2 ** 18)}b\n`,
      `${' '.repeat(2 ** 18)}\n`,
      `${'a:'.repeat(2 ** 18)}\n`,
      '#'.repeat(2 ** 21),
    ]) {
      const begin = performance.now();
      await survives(file({}, text));
      const took = performance.now() - begin;
      expect(took, text.slice(0, 20)).toBeLessThan(2000);
    }
  });
});

describe('data files', () => {
  const never = (): never => {
    throw new Error('opened');
  };
  it.each<[string, string, RegExp]>([
    [
      'more than there are slices',
      'data file: LIST\na\nb\nc\n',
      /3 data files of 2 dimensions each, which do not make up an array of 4×3×2/,
    ],
    ['slabs of no whole slices', 'data file: LIST 3\na\nb\nc\n', /3 data files of 3 dimensions/],
    ['one of them twice', 'data file: LIST\na.raw\na.raw\n', /names a file twice/],
    ['a dimension of nothing', 'data file: a%d 1 2 1 9\n', /2 data files of 9 dimensions/],
    ['a step of zero', 'data file: a%d 1 2 0\n', /expected a name with one %d, its first and last number and a step/],
    ['a step away', 'data file: a%d 1 2 -1\n', /expected a name with one %d/],
    ['two places', 'data file: a%d%d 1 2 1\n', /expected a name with one %d/],
    ['another conversion', 'data file: a%s 1 2 1\n', /expected a name with one %d/],
    ['more files than can be', 'data file: a%d 1 2000000000 1\n', /2000000000 data files/],
  ])('says what is wrong: %s', async (_, lines, message) => {
    await expect(readNrrd(file({}, lines), 'bad.nhdr', never)).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(message),
    });
  });
});

it('skips a million lines in no time, and reads the voxels behind them', async () => {
  const lines = Buffer.alloc(2_000_000, 'a\n');
  const begun = performance.now();
  const { data } = await readNrrd(
    file(
      {},
      'line skip: 1000000\n',
      Buffer.concat([lines, Buffer.from(Int16Array.from({ length: 24 }, (_, n) => n).buffer)]),
    ),
  );
  expect([...data].sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, n) => n));
  expect(performance.now() - begun).toBeLessThan(500);
});
