/**
 * The part of `@crln/data` for Node: volumes by path, folders as data sets, batches made by worker threads.
 * @packageDocumentation
 */

export { writeAtomic } from './node/atomic.js';
export { writeDicomFolder } from './node/dicom/write.js';
export { readDicomFolder } from './node/dicom.js';
export { readVolume, writeVolume } from './node/files.js';
export { type FolderDataset, type OpenFolderOptions, openFolder, volumesIn } from './node/folder.js';
export { type FolderLock, lockFolder } from './node/folder-lock.js';
export { checkPrepared, type Difference } from './node/prepare/check.js';
export { type CaseFact, type Manifest, readManifest, type SourceFact } from './node/prepare/manifest.js';
export { type PrepareOptions, type PrepareReport, prepareDataset } from './node/prepare.js';
export type { WriteVolumeOptions } from './node/volume-files.js';
export { workerLoader } from './node/worker-loader.js';
export { writeDataset } from './node/write-dataset.js';
