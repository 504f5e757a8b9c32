import { stat } from 'node:fs/promises';
import { CrlnError } from '@crln/core';
import { HEAD_BYTES, isDicom } from '../dicom/file.js';
import { readNifti } from '../nifti/read.js';
import { readNrrd } from '../nrrd/read.js';
import { type FileKind, sniff } from '../sniff.js';
import type { Volume } from '../volume.js';
import { writeAtomicFiles } from './atomic.js';
import { dataFilesBeside } from './data-file.js';
import { writeDicomFolder } from './dicom/write.js';
import { readDicomFolder } from './dicom.js';
import { fileError } from './file-error.js';
import { fileStream } from './file-stream.js';
import { readHdf5 } from './hdf5.js';
import { isHalf, readPair } from './pair.js';
import { volumeFiles, type WriteVolumeOptions } from './volume-files.js';

/**
 * Reads a volume from a NIfTI (`.nii`, `.nii.gz`, either half of a `.hdr`/`.img` pair), NRRD (`.nrrd`, `.nhdr` with its data files),
 * HDF5 or DICOM file, or from a folder with a DICOM series; which of them it is, its content says. HDF5 needs the package `h5wasm`.
 *
 * @param options - `dataset`: which one of an HDF5 file, default `'image'`
 * @throws `CrlnError` `file-not-found`, `file-access`, `file-format` with file and reason; `missing-dependency`
 */
export async function readVolume(path: string, options: { dataset?: string } = {}): Promise<Volume> {
  if (await isFolder(path)) return readDicomFolder(path);
  const stream = await fileStream(path);
  let kind: FileKind;
  try {
    const head = await stream.peek(HEAD_BYTES);
    kind = sniff(head);
    if (kind === 'NRRD') return await readNrrd(stream, path, dataFilesBeside(path));
    if (kind !== 'hdf5' && kind !== 'DICOM') {
      const pair = isHalf(path) ? await readPair(path) : undefined;
      if (pair) return pair;
      if (kind === 'nifti' || kind === 'gzip') return await readNifti(stream, path);
      // The oldest DICOM files have no preamble.
      if (!isDicom(head)) throw unknown(path, kind);
    }
  } finally {
    await stream.close();
  }
  return kind === 'hdf5' ? readHdf5(path, options.dataset) : readDicomFolder(path);
}

const unknown = (path: string, kind: FileKind): CrlnError =>
  new CrlnError(
    'file-format',
    `${path}: ${kind === 'empty' ? 'the file is empty' : kind === 'unknown' ? 'its first bytes are those of no format that is read' : `this is a ${kind} file`}; expected NIfTI (.nii, .nii.gz, .hdr and .img), NRRD (.nrrd, .nhdr), HDF5 or DICOM`,
    { path, kind },
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    (error: unknown) => {
      throw fileError(error, path, 'read');
    },
  );

/**
 * Writes a volume in the format of its path's ending, all of it or nothing: NIfTI (`.nii`, `.nii.gz`, pairs `.hdr` and `.img`), NRRD
 * (`.nrrd`, detached `.nhdr`), HDF5 (`.h5`), or a DICOM series into a new folder (a path that ends in `/`). Of a pair, and of a detached header and its data file, both are written, whichever is
 * named; they are replaced together. Beside the volume, some slices are in memory.
 *
 * @throws `CrlnError` `invalid-argument` for another ending; `invalid-data` where a value does not fit the type; `file-access`
 */
export async function writeVolume(path: string, volume: Volume, options: WriteVolumeOptions = {}): Promise<void> {
  if (/[\\/]$/.test(path)) return writeDicomFolder(path, volume);
  await writeAtomicFiles(await volumeFiles(path, volume, options));
}
