import type { Triple } from '@crln/core';
import { type ByteStream, byteStream, readOn, streamOf } from '../bytes.js';
import { refuse } from '../refuse.js';
import type { Volume } from '../volume.js';
import { MOST_VOXELS, readVoxels, voxelBytes } from '../voxels.js';
import { openData, type Storage, storageOf } from './data.js';
import { TYPE_NAMES } from './datatypes.js';
import { dataFiles } from './files.js';
import { axisEntries, type HeaderLines, keptFields, takeHeader } from './header.js';
import { nrrdGrid } from './space.js';

/** Opens a data file that a detached header names, relative to it. */
export type OpenDataFile = (name: string) => ByteStream | Promise<ByteStream>;

/** Of packed data that goes on behind the voxels, that much more is looked at, in search of its checksum. */
const MOST_AFTER = 2 ** 20;

function typeOf({ fields }: HeaderLines, name: string) {
  const text = fields.type?.toLowerCase().replace(/\s+/g, ' ') ?? '';
  const type = TYPE_NAMES.get(text);
  if (!type)
    throw refuse(
      name,
      `its type is ${text === '' ? 'not given' : `'${text.slice(0, 40)}'`}; expected an integer type of 8 to 64 bits, float or double`,
      { type: text },
    );
  return type;
}

function sizesOf({ fields }: HeaderLines, name: string): number[] {
  const dimension = Number(fields.dimension);
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > 16)
    throw refuse(name, `its dimension is ${fields.dimension ?? 'not given'}; expected 1 to 16`);
  const words = fields.sizes?.split(/\s+/) ?? [];
  const sizes = words.map((word) => (/^\d+$/.test(word) ? Number(word) : 0));
  if (sizes.length !== dimension || sizes.some((size) => size < 1))
    throw refuse(
      name,
      `its sizes are ${fields.sizes?.slice(0, 80) ?? 'not given'}; expected ${dimension} whole numbers of at least 1, one for each dimension`,
    );
  const voxels = sizes.reduce((a, b) => a * b, 1);
  if (!(voxels <= MOST_VOXELS))
    throw refuse(name, `its sizes [${sizes}] make ${voxels} voxels; at most ${MOST_VOXELS} can be held`, { sizes });
  return sizes;
}

/** Kinds of axes that space has, as far as a file says. */
const SPATIAL = /^(domain|space|none|\?\?\?)$/i;

/** The three axes of a volume. One of a single sample is left out, first such as are none of space's. */
function axesOf({ fields }: HeaderLines, sizes: readonly number[], name: string): number[] {
  const kinds = fields.kinds === undefined ? [] : axisEntries('kinds', fields.kinds);
  const directions = axisEntries('space directions', fields['space directions'] ?? '');
  const isOutside = (axis: number): boolean =>
    !SPATIAL.test(kinds[axis] ?? 'none') || /^(none|\([\s,nan+-]*\))$/i.test(directions[axis] ?? '');
  let axes = sizes.map((_, axis) => axis);
  const many = axes.find((axis) => isOutside(axis) && sizes[axis]! > 1);
  axes = axes.filter((axis) => !isOutside(axis));
  for (let axis = sizes.length - 1; axis >= 0 && axes.length > 3; axis--)
    if (sizes[axis] === 1) axes = axes.filter((other) => other !== axis);
  const shown = `it is ${sizes.length}-D with sizes [${sizes}]`;
  if (many === undefined && axes.length === 3) return axes;
  throw refuse(
    name,
    many === undefined && axes.length < 3
      ? `${shown}; a 3-D volume is needed`
      : `${shown}${many === undefined ? '' : `, axis ${many} of kind ${kinds[many] ?? 'none'} with ${sizes[many]} values`}; only 3-D volumes are supported so far: split it into one file per volume`,
    { sizes, kinds },
  );
}

/** The voxels of several files, one after the other. */
async function joinedData(
  names: readonly string[],
  open: OpenDataFile,
  storage: Storage,
  count: number,
  what: string,
): Promise<ByteStream> {
  const each = count / names.length;
  const openOne = async (name: string): Promise<{ file: ByteStream; data: ByteStream }> => {
    const file = await open(name);
    try {
      return { file, data: await openData(file, storage, each, what) };
    } catch (error) {
      await file.close();
      throw error;
    }
  };
  // All of them can hold their part, before memory is asked for.
  for (const name of names) await (await openOne(name)).data.close();
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (const name of names) {
      const { file, data } = await openOne(name);
      try {
        let left = each * voxelBytes(storage.type);
        while (left > 0) {
          const chunk = await data.next(left);
          if (!chunk) throw refuse(data.name, `it is cut short: ${left} bytes of its voxels are missing`);
          left -= chunk.length;
          yield chunk;
        }
        await readOn(data, MOST_AFTER);
      } finally {
        await data.close();
        await file.close();
      }
    }
  }
  return byteStream(names[0]!, chunks(), { length: count * voxelBytes(storage.type) });
}

async function readStream(file: ByteStream, name: string, open: OpenDataFile | undefined): Promise<Volume> {
  const lines = await takeHeader(file);
  const type = typeOf(lines, name);
  const sizes = sizesOf(lines, name);
  const axes = axesOf(lines, sizes, name);
  const shape = axes.map((axis) => sizes[axis]) as Triple;
  const fields = keptFields(lines, sizes.length, axes, name);
  const { affine, spacing, stored } = nrrdGrid(fields, shape, name);
  const storage = storageOf(lines, type, name);
  const names = dataFiles(lines, sizes, name);
  if (names && !open)
    throw refuse(name, `its voxels are in another file, '${names[0]}'; give a way to open it`, { files: names.length });
  const count = shape[0] * shape[1] * shape[2];
  const what = `a ${shape.join('×')} volume of ${type}`;
  const source = !names ? file : names.length === 1 ? await open!(names[0]!) : undefined;
  let data: ByteStream | undefined;
  try {
    data = source
      ? await openData(source, storage, count, what)
      : await joinedData(names!, open!, storage, count, `its part of ${what}`);
    const { littleEndian } = storage;
    const { data: voxels, dtype } = await readVoxels(data, { shape, type, littleEndian });
    await readOn(data, count * voxelBytes(type) + MOST_AFTER);
    const { keyValues, comments } = lines;
    const header = { format: 'nrrd', spacingStored: stored, fields, keyValues, comments } as const;
    return { data: voxels, shape, channels: 1, spacing, affine, dtype, header, source: name };
  } finally {
    await data?.close();
    await source?.close();
  }
}

/**
 * Reads a NRRD file (NRRD0001 to NRRD0005; raw, gzip, ascii or hex; attached or detached header). Voxels come in C order, the affine in
 * RAS mm whichever space the file is in. Of a stream, a few slices are held at a time beside the volume; it is closed.
 *
 * A file without directions lies along the world's axes with its `spacings`, and one without these has 1 mm, as its header's
 * `spacingStored` says. A space without anatomy (`scanner-xyz`, `3D-right-handed`, `space dimension: 3`) is taken as LPS, as ITK does.
 *
 * @param file - the file, or a detached header
 * @param name - the file's name, for messages
 * @param open - opens the data files that a detached header names; it decides which of them may be opened
 * @throws `CrlnError` `file-format` with the name and the reason: no NRRD, 2-D or 4-D, an encoding or type that is not supported, cut
 * short, a header that contradicts itself; and what `open` throws
 */
export async function readNrrd(
  file: Uint8Array | ByteStream,
  name = 'NRRD data',
  open?: OpenDataFile,
): Promise<Volume> {
  const stream = streamOf(file, name);
  try {
    return await readStream(stream, name, open);
  } finally {
    await stream.close();
  }
}
