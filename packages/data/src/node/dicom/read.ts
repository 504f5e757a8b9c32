import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HEAD_BYTES, isDicom, readDicomFile } from '../../dicom/file.js';
import { imageOf } from '../../dicom/image.js';
import { type DicomFile, type ReadDicomOptions, readDicomSeries } from '../../dicom/read.js';
import { beat } from '../../heartbeat.js';
import type { Volume } from '../../volume.js';
import { fileError } from '../file-error.js';
import { readBytes } from '../read-bytes.js';
import { walk } from '../walk.js';

/** Only the beginning of a file. */
async function readHead(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}

/** Opening a file may take as long as reading so many bytes. */
const OPENING = 2 ** 16;

/** A file that is read when asked for; of what is no DICOM only the beginning, however large it is. */
const lazyFile = (path: string): DicomFile => ({
  name: path,
  bytes: async () => {
    const head = await readHead(path);
    const bytes = isDicom(head) ? await readBytes(path) : head;
    beat(OPENING + bytes.length);
    return bytes;
  },
});

async function* filesIn(folder: string, nested: boolean): AsyncGenerator<DicomFile> {
  for await (const path of walk(folder, { nested })) yield lazyFile(path);
}

/**
 * Reads a DICOM series from a folder (and the folders in it), or the series that one file of a folder belongs to. What is no DICOM
 * image (DICOMDIR, licences, thumbnails, reports) is passed over and counted in `header.notes`. See {@link readDicomSeries}.
 *
 * It cannot be interrupted: `guard.ts` runs it on a thread that can be ended.
 *
 * @param options - `series`: UID of the one to read, where there are several
 * @throws `CrlnError` `file-not-found`, `file-access`, and what {@link readDicomSeries} throws
 */
export async function readDicomHere(path: string, options: ReadDicomOptions = {}): Promise<Volume> {
  const info = await stat(path).catch((error: unknown) => {
    throw fileError(error, path, 'read');
  });
  if (info.isDirectory()) return readDicomSeries(filesIn(path, true), path, options);
  const image = imageOf(await readDicomFile(await readBytes(path), path));
  if (image.problem) throw image.problem;
  return readDicomSeries(filesIn(dirname(path), false), path, { series: image.seriesUid, ...options });
}
