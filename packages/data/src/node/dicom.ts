import type { ReadDicomOptions } from '../dicom/read.js';
import type { Volume } from '../volume.js';
import { guarded } from './guard.js';

/**
 * Reads a DICOM series from a folder (and the folders in it), or the series that one file of a folder belongs to, on a thread that is
 * ended where the files keep it in circles. What is no DICOM image (DICOMDIR, licences, thumbnails, reports) is passed over and counted
 * in `header.notes`. See {@link readDicomSeries}.
 *
 * @param options - `series`: UID of the one to read, where there are several
 * @throws `CrlnError` `file-not-found`, `file-access`, and what {@link readDicomSeries} throws
 */
export const readDicomFolder = (path: string, { series }: ReadDicomOptions = {}): Promise<Volume> =>
  guarded(path, { read: 'dicom', path, ...(series !== undefined && { series }) });
