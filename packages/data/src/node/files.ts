import { readFile } from 'node:fs/promises';
import { CrlnError } from '@crln/core';
import { readNifti } from '../nifti/read.js';
import { niftiChunks, type WriteNiftiOptions } from '../nifti/write.js';
import { SNIFF_BYTES, sniff } from '../sniff.js';
import type { Volume } from '../volume.js';
import { writeAtomic } from './atomic.js';
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
 * Reads a volume from a NIfTI (`.nii`, `.nii.gz`) or HDF5 file; which of them it is, its content says. HDF5 needs the package `h5wasm`.
 *
 * @param options - `dataset`: which one of an HDF5 file, default `'image'`
 * @throws `CrlnError` `file-not-found`, `file-access`, `file-format` with file and reason; `missing-dependency`
 */
export async function readVolume(path: string, options: { dataset?: string } = {}): Promise<Volume> {
  const stream = await fileStream(path);
  try {
    if (sniff(await stream.peek(SNIFF_BYTES)) !== 'hdf5') return await readNifti(stream, path);
  } finally {
    await stream.close();
  }
  return readHdf5(path, options.dataset);
}

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
