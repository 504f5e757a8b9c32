import type { Volume } from '../volume.js';
import { guarded } from './guard.js';

/** Names of what an HDF5 file has at its top. @throws what {@link readHdf5} throws */
export const hdf5Keys = (path: string): Promise<string[]> => guarded(path, { read: 'hdf5 keys', path });

/**
 * A 3-D dataset of an HDF5 file, read on a thread that is ended where the file keeps it in circles.
 *
 * @throws `CrlnError` `file-format` with file and reason; `missing-dependency` where h5wasm is not installed
 */
export const readHdf5 = (path: string, dataset = 'image'): Promise<Volume> =>
  guarded(path, { read: 'hdf5', path, dataset });
