import { readFile, stat } from 'node:fs/promises';
import { CrlnError } from '@crln/core';
import { readNifti } from '../nifti/read.js';
import { niftiChunks, type WriteNiftiOptions } from '../nifti/write.js';
import { readNrrd } from '../nrrd/read.js';
import { SNIFF_BYTES, sniff } from '../sniff.js';
import type { Volume } from '../volume.js';
import { writeAtomic } from './atomic.js';
import { dataFilesBeside } from './data-file.js';
import { readDicomFolder } from './dicom.js';
import { fileError } from './file-error.js';
import { fileStream } from './file-stream.js';
import { encodeHdf5 } from './hdf5/write.js';
import { readHdf5 } from './hdf5.js';

export { writeAtomic } from './atomic.js';
export { fileError } from './file-error.js';

/** A whole file. @throws `CrlnError` `file-not-found`, `file-access` */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}

/**
 * Reads a volume from a NIfTI (`.nii`, `.nii.gz`), HDF5 or DICOM file, or from a folder with a DICOM series; which of them it is, its
 * content says. HDF5 needs the package `h5wasm`.
 *
 * @param options - `dataset`: which one of an HDF5 file, default `'image'`
 * @throws `CrlnError` `file-not-found`, `file-access`, `file-format` with file and reason; `missing-dependency`
 */
export async function readVolume(path: string, options: { dataset?: string } = {}): Promise<Volume> {
  if (await isFolder(path)) return readDicomFolder(path);
  const stream = await fileStream(path);
  let head: Uint8Array;
  try {
    head = await stream.peek(SNIFF_BYTES);
    const kind = sniff(head);
    if (kind === 'NRRD') return await readNrrd(stream, path, dataFilesBeside(path));
    if (kind !== 'hdf5' && kind !== 'DICOM') return await readNifti(stream, path);
  } finally {
    await stream.close();
  }
  return sniff(head) === 'hdf5' ? readHdf5(path, options.dataset) : readDicomFolder(path);
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    (error: unknown) => {
      throw fileError(error, path, 'read');
    },
  );

/**
 * Writes a volume as NIfTI, packed where the name ends in `.gz`, all of it or nothing.
 *
 * @throws `CrlnError` `invalid-argument` for another ending than `.nii` and `.nii.gz`; `file-access`
 */
export async function writeVolume(
  path: string,
  volume: Volume,
  options: Omit<WriteNiftiOptions, 'gzip'> = {},
): Promise<void> {
  if (/\.(h5|hdf5)$/i.test(path)) {
    await writeAtomic(path, await encodeHdf5(path, { image: volume }));
    return;
  }
  if (!/\.nii(\.gz)?$/i.test(path)) {
    throw new CrlnError(
      'invalid-argument',
      `${path}: volumes are written as .nii or .nii.gz; give the file one of these endings`,
      { path },
    );
  }
  await writeAtomic(path, niftiChunks(volume, { ...options, gzip: /\.gz$/i.test(path) }));
}
