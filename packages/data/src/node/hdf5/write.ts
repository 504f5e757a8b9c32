import type { Volume } from '../../volume.js';
import { wideIntegers } from '../../voxels.js';
import { type Hdf5File, hdf5Bytes } from './library.js';

/** Types by the library's names. */
const FORMATS = {
  int8: '<b',
  uint8: '<B',
  int16: '<h',
  uint16: '<H',
  int32: '<i',
  uint32: '<I',
  int64: '<q',
  uint64: '<Q',
  float32: '<f',
  float64: '<d',
} as const;

/** About that many bytes a chunk, in planes of the first axis. */
const CHUNK_BYTES = 2 ** 18;

function writeVolumeTo(file: Hdf5File, name: string, volume: Volume): void {
  const { data, channels, dtype, spacing, affine } = volume;
  const shape = channels > 1 ? [...volume.shape, channels] : [...volume.shape];
  const [n0, ...rest] = shape as [number, ...number[]];
  const plane = rest.reduce((a, b) => a * b, data.BYTES_PER_ELEMENT);
  const item = file.create_dataset({
    name,
    data: dtype === 'int64' || dtype === 'uint64' ? wideIntegers(data, dtype) : data,
    shape,
    dtype: FORMATS[dtype],
    chunks: [Math.min(n0, Math.max(1, Math.round(CHUNK_BYTES / plane))), ...rest],
    compression: 'gzip',
    compression_opts: 4,
  });
  // Planes larger than a chunk may be are not split: a volume's plane is at most some megabytes.
  item.create_attribute('spacing', Float64Array.from(spacing));
  item.create_attribute('affine', Float64Array.from(affine), [4, 4]);
}

/**
 * Volumes as an HDF5 file, each a dataset of its name in gzip chunks, with the attributes `spacing` (mm) and `affine` (4×4, voxel → RAS
 * mm). C order, as h5py has it; several channels are a fourth axis.
 *
 * @param path - for messages
 * @throws CrlnError `missing-dependency` where h5wasm is not installed
 */
export const encodeHdf5 = (path: string, volumes: Readonly<Record<string, Volume>>): Promise<Uint8Array> =>
  hdf5Bytes(path, (file) => {
    for (const [name, volume] of Object.entries(volumes)) writeVolumeTo(file, name, volume);
  });
