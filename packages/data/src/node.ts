/**
 * The part of `@crln/data` that reads and writes files: volumes by path, folders as data sets. Node only.
 * @packageDocumentation
 */
export { readVolume, writeAtomic, writeVolume } from './node/files.js';
export { type FolderDataset, type OpenFolderOptions, openFolder, volumesIn } from './node/folder.js';
export { writeDataset } from './node/write-dataset.js';
