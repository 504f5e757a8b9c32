import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CrlnError, isCrlnError } from '@crln/core';
import { readNifti } from '../nifti/read.js';
import { type WriteNiftiOptions, writeNifti } from '../nifti/write.js';
import { sniff } from '../sniff.js';
import type { Volume } from '../volume.js';
import { encodeHdf5 } from './hdf5/write.js';
import { readHdf5 } from './hdf5.js';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** A file-system error as one of ours, naming the path. */
export function fileError(error: unknown, path: string, doing: string): CrlnError {
  if (isCrlnError(error)) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' && doing === 'read')
    return new CrlnError('file-not-found', `${path}: there is no such file or folder`, { path }, { cause: error });
  const reason =
    code === 'EACCES' || code === 'EPERM'
      ? 'permission denied'
      : code === 'ENOSPC'
        ? 'the disk is full'
        : code === 'EISDIR'
          ? 'it is a folder'
          : error instanceof Error
            ? error.message
            : String(error);
  return new CrlnError(
    'file-access',
    `${path}: cannot be ${doing === 'read' ? 'read' : 'written'} (${reason})`,
    { path, reason: code },
    { cause: error },
  );
}

/** A whole file. @throws `CrlnError` `file-not-found`, `file-access` */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}

let written = 0;

/**
 * Writes a file so that it is either the old one or the whole new one at every moment: under a temporary name beside it, synced, then
 * renamed.
 *
 * @throws `CrlnError` `file-access`
 */
export async function writeAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${written++}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(error, path, 'write');
  }
}

/**
 * Reads a volume from a NIfTI (`.nii`, `.nii.gz`) or HDF5 file; which of them it is, its content says. HDF5 needs the package `h5wasm`.
 *
 * @param options - `dataset`: which one of an HDF5 file, default `'image'`
 * @throws `CrlnError` `file-not-found`, `file-access`, `file-format` with file and reason; `missing-dependency`
 */
export async function readVolume(path: string, options: { dataset?: string } = {}): Promise<Volume> {
  const bytes = await readBytes(path);
  return sniff(bytes) === 'hdf5' ? readHdf5(path, options.dataset) : readNifti(bytes, path);
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
  await writeAtomic(path, await writeNifti(volume, { ...options, gzip: /\.gz$/i.test(path) }));
}
