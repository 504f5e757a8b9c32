/**
 * 3-D medical images as typed arrays: file formats, input recipes, augmentation, sampling and phantoms. Needs no TensorFlow.js.
 * @packageDocumentation
 */

// Volumes, files, recipes, data sets.
export { readNifti } from './nifti/read.js';
export { type WriteNiftiOptions, writeNifti } from './nifti/write.js';
export type { Case, Dataset, PreparedCase, SplitName, Splits } from './types.js';
export { type Affine, assertFinite, type Volume, type VoxelArray, type VoxelType, volume, withData } from './volume.js';

// Augmentation, samplers, phantoms.
export { type PhantomOptions, phantomAtria, phantomCase } from './phantom/atria.js';
export { type PhantomDatasetOptions, phantomDataset } from './phantom/dataset.js';
