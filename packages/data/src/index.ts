/**
 * 3-D medical images as typed arrays: file formats, input recipes, augmentation, sampling and phantoms. Needs no TensorFlow.js.
 * @packageDocumentation
 */

// Volumes, files, recipes, data sets.
export type { Affine } from './affine.js';
// Augmentation, samplers, phantoms.
export { type PatchBatch, type WeakBatchOptions, weakBatch } from './augment/batch.js';
export { geometryIndex } from './augment/geometry.js';
export { type StrongOptions, strongImages, strongPlan } from './augment/strong.js';
export {
  applyWeakPlan,
  type Patch,
  type WeakOptions,
  type WeakPlan,
  weakPatch,
  weakPlan,
} from './augment/weak.js';
export { createDataset, type DatasetSource, datasetOf } from './dataset.js';
export { assertSameGrid } from './grid.js';
export type { Hdf5Header } from './hdf5-header.js';
export { classesToLabels, type LabelTable, labelCounts, labelsToClasses, labelTable } from './labels.js';
export type { BatchNeeds, BatchOptions, RawBatch } from './loader/batch.js';
export { type BatchLoader, batchLoader, type LoaderOptions, type OpenLoader } from './loader/loader.js';
export { type CaseSource, caseSource, type PreparedFiles } from './loader/source.js';
export type { NiftiHeader } from './nifti/header.js';
export { readNifti } from './nifti/read.js';
export { type WriteNiftiOptions, writeNifti } from './nifti/write.js';
export { type Normalisation, normalise, percentiles } from './normalise.js';
export { axisCodes, reorient } from './orientation.js';
export { type PhantomOptions, phantomAtria, phantomCase } from './phantom/atria.js';
export { type PhantomDatasetOptions, phantomDataset } from './phantom/dataset.js';
export { PROTOCOLS, protocolOf } from './protocols/index.js';
export type { Protocol, ProtocolCase, ProtocolOptions, RawCase } from './protocols/protocol.js';
export {
  applyRecipe,
  type FitRecipeOptions,
  fitRecipe,
  type InputRecipe,
  invertLabels,
  invertProbabilities,
  labelsOfProbabilities,
  parseRecipe,
  preparedShape,
  preparedSpacing,
} from './recipe.js';
export { resampleToShape, resampleToSpacing } from './resample.js';
export { type BatchCases, type TwoStreamOptions, twoStreamSampler } from './sampler.js';
export { type Selection, type SelectOptions, selectSplits, trainingCases } from './splits.js';
export type { Case, CaseFiles, Dataset, PreparedCase, SplitName, Splits } from './types.js';
export { assertFinite, type Volume, type VoxelArray, type VoxelType, volume, withData } from './volume.js';
