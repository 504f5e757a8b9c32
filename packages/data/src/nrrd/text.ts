import { type ByteStream, byteStream } from '../bytes.js';
import { refuse } from '../refuse.js';
import { VOXEL_ARRAYS, type VoxelType } from '../volume.js';
import { RANGES, voxelArray, voxelBytes, wideIntegers } from '../voxels.js';
import { numberOf } from './space.js';

/** Text looked at at a time. */
const CHUNK = 2 ** 16;
/** A number has no more letters. */
const LONGEST = 400;

/** Words between blanks (or commas), some thousands at a time. */
async function* words(stream: ByteStream): AsyncGenerator<string[], void> {
  const decoder = new TextDecoder('latin1');
  let rest = '';
  for (let chunk = await stream.next(CHUNK); chunk; chunk = await stream.next(CHUNK)) {
    const found = (rest + decoder.decode(chunk)).split(/[\s,]+/);
    rest = found.pop()!;
    if (rest.length > LONGEST) throw noNumber(stream.name, rest);
    yield found.filter((word) => word !== '');
  }
  if (rest !== '') yield [rest];
}

const noNumber = (name: string, word: string, type = 'number'): Error =>
  refuse(name, `its data has '${word.slice(0, 40)}' where a number is expected (${type})`, { word: word.slice(0, 40) });

/** The value of a word, as a voxel type has it. */
function voxelOf(word: string, type: VoxelType, name: string): number {
  const value = numberOf(word);
  if (type.startsWith('float')) {
    if (Number.isNaN(value) && !/^[+-]?nan$/i.test(word)) throw noNumber(name, word, type);
    return value;
  }
  const [low, high] = RANGES[type];
  if (!Number.isInteger(value) || value < low || value > high) throw noNumber(name, word, type);
  return value;
}

function littleEndianBytes(values: readonly number[], type: VoxelType): Uint8Array {
  if (type === 'int64' || type === 'uint64') return new Uint8Array(wideIntegers(values, type).buffer);
  return new Uint8Array(VOXEL_ARRAYS[type].from(values).buffer);
}

/** Numbers in text as little-endian voxels. What comes after `count` of them is not looked at. */
export function fromAscii(stream: ByteStream, type: VoxelType, count: number): ByteStream {
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    let found = 0;
    for await (const some of words(stream)) {
      const wanted = some.slice(0, count - found);
      found += wanted.length;
      yield littleEndianBytes(
        wanted.map((word) => voxelOf(word, type, stream.name)),
        type,
      );
      if (found === count) return;
    }
    throw refuse(stream.name, `it is cut short: its text has ${found} numbers, expected ${count}`, { found, count });
  }
  return byteStream(stream.name, chunks(), { length: count * voxelBytes(type) });
}

const DIGITS = Int8Array.from({ length: 256 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? -1 : digit;
});
const BLANKS = new Set([9, 10, 11, 12, 13, 32]);

/** Hexadecimal digits, two a byte, as bytes. What comes after `count` of them is not looked at. */
export function fromHex(stream: ByteStream, count: number): ByteStream {
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    let high = -1;
    let found = 0;
    for (let chunk = await stream.next(CHUNK); chunk; chunk = await stream.next(CHUNK)) {
      const bytes = new Uint8Array(CHUNK / 2);
      let at = 0;
      for (let n = 0; n < chunk.length && found + at < count; n++) {
        const digit = DIGITS[chunk[n]!]!;
        if (digit < 0) {
          if (BLANKS.has(chunk[n]!)) continue;
          throw refuse(
            stream.name,
            `its data has '${String.fromCharCode(chunk[n]!)}' where a hexadecimal digit is expected`,
          );
        }
        if (high < 0) high = digit;
        else {
          bytes[at++] = 16 * high + digit;
          high = -1;
        }
      }
      found += at;
      yield bytes.subarray(0, at);
      if (found === count) return;
    }
    throw refuse(stream.name, `it is cut short: its text has ${found} bytes, expected ${count}`, { found, count });
  }
  return byteStream(stream.name, chunks(), { length: count });
}

/** Little-endian voxels as text: `line` numbers a line, with all the digits it takes to read them back. */
export function* asciiChunks(chunks: Iterable<Uint8Array>, type: VoxelType, line: number): Generator<Uint8Array, void> {
  const encoder = new TextEncoder();
  let at = 0;
  for (const chunk of chunks) {
    const values = voxelArray(chunk.buffer as ArrayBuffer, type, chunk.length / voxelBytes(type));
    for (let from = 0; from < values.length; from += CHUNK) {
      const to = Math.min(from + CHUNK, values.length);
      let text = '';
      for (let n = from; n < to; n++) text += `${numberText(values[n]!)}${++at % line === 0 ? '\n' : ' '}`;
      yield encoder.encode(text);
    }
  }
}

const numberText = (value: number): string =>
  Number.isFinite(value)
    ? Object.is(value, -0)
      ? '-0'
      : String(value)
    : Number.isNaN(value)
      ? 'nan'
      : value < 0
        ? '-inf'
        : 'inf';
