import { basename } from 'node:path';
import { CrlnError } from '@crln/core';
import { gzipped } from '../gzip.js';
import { niftiChunks, niftiParts } from '../nifti/write.js';
import { nrrdChunks, nrrdParts, type WriteNrrdOptions } from '../nrrd/write.js';
import type { Volume } from '../volume.js';
import type { Content } from './atomic.js';
import { encodeHdf5 } from './hdf5/write.js';
import { otherHalf } from './pair.js';

/** `encoding` is for NRRD: default `'gzip'`. `dtype`: type in the file, default the volume's own; HDF5 files have that always. */
export type WriteVolumeOptions = WriteNrrdOptions;

type Files = { path: string; content: Content }[];

interface Format {
  endings: readonly string[];
  files(path: string, volume: Volume, options: WriteVolumeOptions): Files | Promise<Files>;
}

/** Ending of the data file of a detached header. */
const DATA_ENDING = { raw: '.raw', gzip: '.raw.gz', ascii: '.txt' } as const;

const isPacked = (path: string): boolean => /\.gz$/i.test(path);

const FORMATS: readonly Format[] = [
  {
    endings: ['.nii', '.nii.gz'],
    files: (path, volume, { dtype = volume.dtype }) => [
      { path, content: niftiChunks(volume, { dtype, gzip: isPacked(path) }) },
    ],
  },
  {
    endings: ['.hdr', '.img', '.hdr.gz', '.img.gz'],
    files(path, volume, { dtype = volume.dtype }) {
      const { head, voxels } = niftiParts(volume, { dtype, pair: true });
      const [header, image] = /\.hdr(\.gz)?$/i.test(path) ? [path, otherHalf(path)] : [otherHalf(path), path];
      return [
        { path: image, content: isPacked(path) ? gzipped(voxels) : voxels },
        { path: header, content: isPacked(path) ? gzipped([head]) : head },
      ];
    },
  },
  { endings: ['.nrrd'], files: (path, volume, options) => [{ path, content: nrrdChunks(volume, options) }] },
  {
    endings: ['.nhdr'],
    files(path, volume, options) {
      const dataFile = path.replace(/\.nhdr$/i, DATA_ENDING[options.encoding ?? 'gzip']);
      const { head, voxels } = nrrdParts(volume, options, basename(dataFile));
      return [
        { path: dataFile, content: voxels },
        { path, content: head },
      ];
    },
  },
  {
    endings: ['.h5', '.hdf5'],
    files: async (path, volume) => [{ path, content: await encodeHdf5(path, { image: volume }) }],
  },
];

/**
 * The files that a volume is written as, by the ending of its path: the last of them makes the others valid.
 *
 * @throws `CrlnError` `invalid-argument` for an ending of no format; `invalid-data` where a value does not fit the type
 */
export function volumeFiles(path: string, volume: Volume, options: WriteVolumeOptions): Files | Promise<Files> {
  const name = path.toLowerCase();
  const format = FORMATS.find(({ endings }) => endings.some((ending) => name.endsWith(ending)));
  if (!format) {
    throw new CrlnError(
      'invalid-argument',
      `${path}: volumes are written as ${FORMATS.flatMap(({ endings }) => endings).join(', ')}; give the file one of these endings, or end the path in / for a DICOM series`,
      { path },
    );
  }
  return format.files(path, volume, options);
}
