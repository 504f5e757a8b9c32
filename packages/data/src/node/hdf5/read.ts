import { CrlnError, type Triple } from '@crln/core';
import { affineSpacing, spacingAffine, storedSpacing } from '../../affine.js';
import { LARGEST_RATIO } from '../../gzip.js';
import { beat, expectSteps } from '../../heartbeat.js';
import { assertVolume, VOXEL_ARRAYS, type Volume, type VoxelArray, type VoxelType } from '../../volume.js';
import { MOST_VOXELS } from '../../voxels.js';
import { type Hdf5, type Hdf5File, withHdf5 } from './library.js';

type Dataset = InstanceType<Hdf5['Dataset']>;

/** A chunk is unpacked in one go: so many of its bytes a second at least. */
const UNPACKED_A_SECOND = 2 ** 24;
/** Read at once: the library's memory stays small, whatever the volume. */
const SLAB_BYTES = 2 ** 23;

const refuse = (path: string, reason: string, fields: Record<string, unknown> = {}): CrlnError =>
  new CrlnError('file-format', `${path}: ${reason}`, { path, ...fields });

/** Names of what an HDF5 file has at its top. As {@link readHdf5Here}: not to be interrupted. */
export const hdf5KeysHere = (path: string): Promise<string[]> => withHdf5(path, (file) => file.keys());

/** Number types by the library's format letter. */
const TYPES: Readonly<Record<string, VoxelType>> = {
  b: 'int8',
  B: 'uint8',
  h: 'int16',
  H: 'uint16',
  i: 'int32',
  I: 'uint32',
  q: 'int64',
  Q: 'uint64',
  f: 'float32',
  d: 'float64',
};

function typeOf(item: Dataset, path: string, name: string): VoxelType {
  const { dtype, metadata } = item;
  const type = typeof dtype === 'string' ? TYPES[dtype.slice(-1)] : undefined;
  if (type && Number(/\d+$/.exec(type)![0]) === 8 * metadata.size) return type;
  // Booleans of h5py: an enumeration on one byte.
  if (metadata.enum_type && metadata.size === 1) return metadata.signed ? 'int8' : 'uint8';
  throw refuse(
    path,
    `the dataset '${name}' has the type ${JSON.stringify(dtype)} of ${metadata.size} bytes; expected integers of 8 to 64 bits or floats of 32 or 64`,
    { name, dtype, bytes: metadata.size },
  );
}

function shapeOf(item: Dataset, path: string, name: string, fileBytes: number): Triple {
  // The library would fill in for the files that it does not see.
  const others = item.metadata.virtual_sources?.map((source) => source.file_name) ?? [];
  if (others.length > 0) {
    throw refuse(
      path,
      `the dataset '${name}' is a view of other files (${[...new Set(others)].join(', ')}); read those, or copy it into one file (h5repack)`,
      { name, others },
    );
  }
  const shape = item.shape ?? [];
  const voxels = shape.reduce((a, b) => a * b, 1);
  if (shape.length !== 3 || shape.some((size) => size < 1)) {
    throw refuse(path, `the dataset '${name}' has the shape [${shape}]; a 3-D volume is needed`, { name, shape });
  }
  if (voxels > MOST_VOXELS) {
    throw refuse(
      path,
      `the dataset '${name}' of shape [${shape}] has ${voxels} voxels; at most ${MOST_VOXELS} can be held`,
      { name, shape },
    );
  }
  const bytes = voxels * item.metadata.size;
  if (bytes > LARGEST_RATIO * fileBytes) {
    throw refuse(
      path,
      `the dataset '${name}' of shape [${shape}] promises ${bytes} bytes, more than a file of ${fileBytes} bytes can hold; it is cut short or damaged`,
      { name, shape, bytes, fileBytes },
    );
  }
  return shape as Triple;
}

/** Filters that the library undoes: deflate, shuffle, Fletcher checksums, szip, n-bit, scale-offset. */
const FILTERS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6]);

function assertUnpackable(item: Dataset, path: string, name: string): void {
  const other = item.filters.find(({ id }) => !FILTERS.has(id));
  if (!other) return;
  throw refuse(
    path,
    `the dataset '${name}' is packed by ${other.name || 'a filter'} (HDF5 filter ${other.id}), which is not read; pack it with gzip: h5repack -f GZIP=4 IN OUT`,
    { name, filter: other.id },
  );
}

const isDataset = (item: unknown, { Dataset }: Hdf5): item is Dataset => item instanceof Dataset;

/** More names than these are counted. */
const MOST_NAMED = 20;

/** The dataset of that name; where there is none, the file's only 3-D one. */
function find(file: Hdf5File, hdf5: Hdf5, path: string, name: string): { item: Dataset; name: string } {
  const keys = file.keys();
  const wanted = keys.includes(name) || name.includes('/') ? file.get(name) : undefined;
  if (isDataset(wanted, hdf5)) return { item: wanted, name };
  if (wanted instanceof hdf5.ExternalLink) {
    throw refuse(
      path,
      `its '${name}' is a link to another file (${wanted.filename}), which is not followed; read that`,
      {
        name,
        other: wanted.filename,
      },
    );
  }
  if (wanted instanceof hdf5.BrokenSoftLink) {
    throw refuse(path, `its '${name}' is a link to ${wanted.target}, which is not there`, {
      name,
      target: wanted.target,
    });
  }
  const volumes = keys.filter((key) => {
    const item = file.get(key);
    return isDataset(item, hdf5) && item.shape?.length === 3;
  });
  const [only] = volumes;
  // A label must be named: taking the image for it would go unseen.
  if (volumes.length === 1 && name === 'image') return { item: file.get(only!) as Dataset, name: only! };
  const shown = `${keys.slice(0, MOST_NAMED).join(', ') || 'nothing'}${keys.length > MOST_NAMED ? ` and ${keys.length - MOST_NAMED} more` : ''}`;
  throw refuse(path, `it has no dataset '${name}'; it has ${shown}`, { name, keys: keys.slice(0, MOST_NAMED) });
}

/** Finite numbers of an attribute, where it has that many. */
function numbers(from: { attrs: Dataset['attrs'] }, name: string, count: number): number[] | undefined {
  const attribute = Object.hasOwn(from.attrs, name) ? from.attrs[name] : undefined;
  // Its size first: the value is read when it is asked for.
  if (!attribute || attribute.metadata.size > 8 || attribute.shape?.reduce((a, b) => a * b, 1) !== count)
    return undefined;
  const found = [attribute.value]
    .flat(2)
    .flatMap((value) => (ArrayBuffer.isView(value) ? [...(value as never)] : value));
  const values = found.map(Number);
  return values.length === count && values.every(Number.isFinite) ? values : undefined;
}

function voxels(item: Dataset, shape: Triple, type: VoxelType, fileBytes: number): VoxelArray {
  const plane = shape[1] * shape[2];
  const data = new VOXEL_ARRAYS[type](shape[0] * plane);
  const wide = type === 'int64' || type === 'uint64';
  const chunk = item.metadata.chunks?.[0] ?? 1;
  const chunkBytes = (item.metadata.chunks ?? []).reduce((a, b) => a * b, item.metadata.size);
  expectSteps((1000 * Math.min(chunkBytes, LARGEST_RATIO * fileBytes)) / UNPACKED_A_SECOND);
  // Whole chunks at a time, so that none is unpacked twice.
  const step = Math.min(shape[0], Math.ceil(SLAB_BYTES / (plane * item.metadata.size * chunk)) * chunk);
  for (let from = 0; from < shape[0]; from += step) {
    const value = item.slice([[from, Math.min(from + step, shape[0])], [], []]) as ArrayLike<number>;
    if (wide) for (let n = 0; n < value.length; n++) data[from * plane + n] = Number(value[n]);
    else data.set(value, from * plane);
    beat();
  }
  return data;
}

/**
 * Reads a 3-D dataset of an HDF5 file, as the field's benchmarks store their cases (`image`, `label`); where there is no `image`, the
 * file's only 3-D dataset. Attributes `spacing` (mm) and `affine` (4×4, voxel → RAS mm) of the dataset or the file place it; without
 * them voxels are 1 mm, and the header says so.
 *
 * It cannot be interrupted: `guard.ts` runs it on a thread that can be ended.
 *
 * @throws `CrlnError` `file-format` with file and reason; `missing-dependency` where h5wasm is not installed
 */
export function readHdf5Here(path: string, dataset = 'image'): Promise<Volume> {
  return withHdf5(path, (file, hdf5, fileBytes) => {
    const { item, name } = find(file, hdf5, path, dataset);
    const dtype = typeOf(item, path, name);
    const shape = shapeOf(item, path, name, fileBytes);
    assertUnpackable(item, path, name);
    const placed = (attribute: string, count: number): number[] | undefined =>
      numbers(item, attribute, count) ?? numbers(file, attribute, count);
    const affine = placed('affine', 16);
    const sizes = placed('spacing', 3);
    const given = sizes?.every((mm) => mm > 0) ? (sizes as Triple) : undefined;
    const stored = affine ? storedSpacing(given, affineSpacing(affine)) : given;
    const spacing = stored ?? ([1, 1, 1] as Triple);
    const made: Volume = {
      data: voxels(item, shape, dtype, fileBytes),
      shape,
      channels: 1,
      spacing,
      affine: affine ?? spacingAffine(spacing),
      dtype,
      header: { format: 'hdf5', spacingStored: stored !== undefined },
      source: path,
    };
    assertVolume(made, path);
    return made;
  });
}
