import { assertHolds, type ByteStream, skipTo } from '../bytes.js';
import { gunzipped } from '../gzip.js';
import { refuse } from '../refuse.js';
import type { VoxelType } from '../volume.js';
import { voxelBytes } from '../voxels.js';
import type { HeaderLines } from './header.js';
import { fromAscii, fromHex } from './text.js';

type Encoding = 'raw' | 'gzip' | 'ascii' | 'hex';

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['raw', 'raw'],
  ['gzip', 'gzip'],
  ['gz', 'gzip'],
  ['ascii', 'ascii'],
  ['text', 'ascii'],
  ['txt', 'ascii'],
  ['hex', 'hex'],
]);

/** How voxels lie in a data file. */
export interface Storage {
  type: VoxelType;
  encoding: Encoding;
  littleEndian: boolean;
  /** Lines left out first, of the file as it is. */
  lineSkip: number;
  /** Bytes left out after that, of what it unpacks to; −1: all but the voxels at its end. */
  byteSkip: number;
}

/** @throws `CrlnError` `file-format` for what is not supported, or contradicts itself */
export function storageOf({ fields }: HeaderLines, type: VoxelType, name: string): Storage {
  const encoding = ENCODINGS.get(fields.encoding?.toLowerCase() ?? '');
  if (!encoding) {
    const known = 'expected raw, gzip, ascii or hex';
    throw refuse(
      name,
      /^bz(ip)?2$/i.test(fields.encoding ?? '')
        ? `its encoding is ${fields.encoding}, which is not supported; ${known}: write it again with gzip`
        : `its encoding is ${fields.encoding ?? 'not given'}; ${known}`,
      { encoding: fields.encoding },
    );
  }
  const endian = fields.endian?.toLowerCase();
  // Text has no byte order, and a single byte none either.
  const needsEndian = encoding !== 'ascii' && voxelBytes(type) > 1;
  if (needsEndian && endian !== 'little' && endian !== 'big')
    throw refuse(name, `its endian is ${endian ?? 'not given'}; voxels of ${type} need 'little' or 'big'`, { endian });
  const skipOf = (field: 'line skip' | 'byte skip', least: number): number => {
    const value = fields[field] === undefined ? 0 : Number(fields[field]);
    if (!Number.isSafeInteger(value) || value < least)
      throw refuse(name, `its ${field} is ${fields[field]}; expected a whole number of at least ${least}`, { field });
    return value;
  };
  return {
    type,
    encoding,
    littleEndian: !needsEndian || endian === 'little',
    lineSkip: skipOf('line skip', 0),
    byteSkip: skipOf('byte skip', encoding === 'raw' ? -1 : 0),
  };
}

async function skipLines(stream: ByteStream, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const chunk = await stream.peek(1).then(() => stream.peek(2 ** 16));
    if (chunk.length === 0)
      throw refuse(stream.name, `it is cut short: it has ${count - left} lines to skip, expected ${count}`);
    let end = 0;
    for (; left > 0; left--) {
      const line = chunk.indexOf(10, end);
      end = line < 0 ? chunk.length : line + 1;
      if (line < 0) break;
    }
    await stream.skip(end);
  }
}

/**
 * The voxels of one data file, as raw bytes. That it can hold them has been checked when this returns.
 *
 * @param stream - the file, or what follows an attached header
 * @param count - how many voxels it has
 * @throws `CrlnError` `file-format` where it cannot hold them, or its skips lead beyond its end
 */
export async function openData(stream: ByteStream, storage: Storage, count: number, what: string): Promise<ByteStream> {
  const { type, encoding, lineSkip, byteSkip } = storage;
  const bytes = count * voxelBytes(type);
  await skipLines(stream, lineSkip);
  const inside = encoding === 'gzip' ? gunzipped(stream) : stream;
  const { position } = inside;
  const length = encoding === 'ascii' ? 2 * count - 1 : encoding === 'hex' ? 2 * bytes : bytes;
  const skip = byteSkip < 0 ? Math.max(0, (inside.length ?? 0) - position - bytes) : byteSkip;
  try {
    assertHolds(inside, position + skip + length, what);
    await skipTo(inside, skip);
  } catch (error) {
    await inside.close();
    throw error;
  }
  return encoding === 'ascii' ? fromAscii(inside, type, count) : encoding === 'hex' ? fromHex(inside, bytes) : inside;
}
