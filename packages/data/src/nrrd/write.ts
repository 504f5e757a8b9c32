import { joined } from '../bytes.js';
import { gzipped } from '../gzip.js';
import { assertVolume, hasSpacing, type Volume, type VoxelType } from '../volume.js';
import { assertWritable, voxelBytes, voxelChunks } from '../voxels.js';
import { TYPE_NAME } from './datatypes.js';
import { AXIS_FIELDS, encodeLines, type NrrdHeader } from './header.js';
import { nrrdGrid, placedFields } from './space.js';
import { asciiChunks } from './text.js';

export interface WriteNrrdOptions {
  /** How voxels are stored. Default `'gzip'`. */
  encoding?: 'raw' | 'gzip' | 'ascii';
  /** Type in the file. Default the volume's own. */
  dtype?: VoxelType;
}

type Fields = Record<string, string>;

const sameGrid = (header: NrrdHeader, volume: Volume): boolean => {
  const { affine, spacing } = nrrdGrid(header.fields, volume.shape, volume.source ?? 'volume');
  return (
    affine.every((value, n) => value === volume.affine[n]) &&
    spacing.every((value, axis) => value === volume.spacing[axis])
  );
};

/** The header's fields, with its position left as it was read, or rewritten where the volume has moved. */
function placed(volume: Volume): Fields {
  const { header } = volume;
  const own = header?.format === 'nrrd' ? header : undefined;
  if (own && sameGrid(own, volume)) return { ...own.fields };
  const blank: NrrdHeader = { format: 'nrrd', spacingStored: false, fields: {}, keyValues: {}, comments: [] };
  // What nobody has measured is not written as a measurement.
  if (!own && !hasSpacing(volume) && sameGrid(blank, volume)) return {};
  const kept = Object.entries(own?.fields ?? {}).filter(
    ([field]) => !Object.hasOwn(AXIS_FIELDS, field) && !/^space\b/.test(field),
  );
  return {
    ...placedFields(own?.fields ?? {}, volume.affine),
    kinds: 'domain domain domain',
    ...Object.fromEntries(kept),
  };
}

/** The two parts of a NRRD file: its header, which names a data file where one is given, and its voxels. */
export function nrrdParts(
  volume: Volume,
  { encoding = 'gzip', dtype = volume.dtype }: WriteNrrdOptions = {},
  dataFile?: string,
): { head: Uint8Array; voxels: Iterable<Uint8Array> | AsyncIterable<Uint8Array> } {
  assertVolume(volume, volume.source ?? 'volume');
  assertWritable(volume, dtype);
  const { channels, shape, header } = volume;
  const place = placed(volume);
  if (channels > 1) {
    place.kinds ??= 'domain domain domain';
    for (const [field, none] of Object.entries(AXIS_FIELDS))
      if (place[field] !== undefined) place[field] = `${none} ${place[field]}`;
  }
  const { space, 'space dimension': spaceDimension, ...rest } = place;
  const sizes: readonly number[] = channels > 1 ? [channels, ...shape] : shape;
  const fields: Fields = {
    type: TYPE_NAME[dtype],
    dimension: String(sizes.length),
    ...(space === undefined ? {} : { space }),
    ...(spaceDimension === undefined ? {} : { 'space dimension': spaceDimension }),
    sizes: sizes.join(' '),
    ...rest,
    ...(encoding === 'ascii' || voxelBytes(dtype) === 1 ? {} : { endian: 'little' }),
    encoding,
    ...(dataFile === undefined ? {} : { 'data file': dataFile }),
  };
  const { keyValues = {}, comments = [] } = header?.format === 'nrrd' ? header : {};
  const chunks = voxelChunks(volume, dtype, 'channels-first');
  return {
    head: encodeLines({ fields, keyValues, comments }),
    voxels:
      encoding === 'gzip' ? gzipped(chunks) : encoding === 'ascii' ? asciiChunks(chunks, dtype, sizes[0]!) : chunks,
  };
}

/** What {@link writeNrrd} writes, in parts of some slices each: all that is held of it at a time. @throws what that throws */
export async function* nrrdChunks(volume: Volume, options: WriteNrrdOptions = {}): AsyncGenerator<Uint8Array, void> {
  const { head, voxels } = nrrdParts(volume, options);
  yield head;
  yield* voxels;
}

/**
 * A volume as a NRRD file with its header attached, little-endian. A volume that came from a NRRD file keeps that file's space, fields,
 * key/value pairs and comments, and its position bit for bit; others are written in LPS, as ITK and 3D Slicer do. Several channels
 * become a first axis of kind `list`.
 *
 * @throws `CrlnError` `invalid-data` where a value does not fit `dtype`; `invalid-shape` where the volume contradicts itself
 */
export const writeNrrd = async (volume: Volume, options: WriteNrrdOptions = {}): Promise<Uint8Array> =>
  joined(nrrdChunks(volume, options));
