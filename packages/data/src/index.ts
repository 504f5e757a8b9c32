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
export type { Extension, Outside } from './boundary.js';
export { type ByteStream, byteStream } from './bytes.js';
export { createDataset, type DatasetSource, datasetOf } from './dataset.js';
export type { DicomHeader } from './dicom/header.js';
export { type DicomFile, type ReadDicomOptions, readDicomSeries } from './dicom/read.js';
export { type WriteDicomOptions, writeDicomSeries } from './dicom/write.js';
export { assertSameGrid } from './grid.js';
export type { Hdf5Header } from './hdf5-header.js';
export { classesToLabels, type LabelTable, labelCounts, labelsToClasses, labelTable } from './labels.js';
export type { BatchNeeds, BatchOptions, RawBatch } from './loader/batch.js';
export { type BatchLoader, batchLoader, type LoaderOptions, type OpenLoader } from './loader/loader.js';
export { type CaseSource, caseSource, type PreparedFiles } from './loader/source.js';
export type { NiftiHeader } from './nifti/header.js';
export { readNifti } from './nifti/read.js';
export { type WriteNiftiOptions, writeNifti } from './nifti/write.js';
export { type Normalisation, normalise, type PercentileMethod, percentiles } from './normalise.js';
export type { NrrdHeader } from './nrrd/header.js';
export { type OpenDataFile, readNrrd } from './nrrd/read.js';
export { type WriteNrrdOptions, writeNrrd } from './nrrd/write.js';
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
export { type Interpolation, resampleToShape, resampleToSpacing } from './resample.js';
export { type BatchCases, type TwoStreamOptions, twoStreamSampler } from './sampler.js';
export { type Selection, type SelectOptions, selectSplits, trainingCases } from './splits.js';
export { type AffineOptions, type AffineRecord, applyAffine, drawAffine } from './transforms/affine.js';
// Transforms of samples by records.
export type { AffineGeometry } from './transforms/affine-map.js';
export { applyBiasField, type BiasFieldOptions, type BiasFieldRecord, drawBiasField } from './transforms/bias-field.js';
export {
  applyBrightness,
  type BrightnessOptions,
  type BrightnessRecord,
  drawBrightness,
} from './transforms/brightness.js';
export { applyContrast, type ContrastOptions, type ContrastRecord, drawContrast } from './transforms/contrast.js';
export {
  applyCopyPaste,
  type CopyPasted,
  type CopyPasteOptions,
  type CopyPasteRecord,
  drawCopyPaste,
} from './transforms/copy-paste.js';
export {
  applyCrop,
  type CropOptions,
  type CropRecord,
  drawCrop,
  type ForegroundCropOptions,
  foregroundCrop,
} from './transforms/crop.js';
export { applyCutMix, type CutMixOptions, type CutMixRecord, drawCutMix } from './transforms/cut-mix.js';
export { applyFlip, drawFlip, type FlipOptions, type FlipRecord } from './transforms/flip.js';
export { applyGamma, drawGamma, type GammaOptions, type GammaRecord } from './transforms/gamma.js';
export {
  applyGaussianBlur,
  drawGaussianBlur,
  type GaussianBlurOptions,
  type GaussianBlurRecord,
} from './transforms/gaussian-blur.js';
export {
  applyGaussianNoise,
  drawGaussianNoise,
  type GaussianNoiseOptions,
  type GaussianNoiseRecord,
} from './transforms/gaussian-noise.js';
export { applyHuWindow, type HuWindowOptions, type HuWindowRecord } from './transforms/hu-window.js';
export { applyMinMax, type MinMaxRecord } from './transforms/min-max.js';
export { applyPad, type PadOptions, type PadRecord, padTo } from './transforms/pad.js';
export {
  applyPercentileClip,
  type PercentileClipOptions,
  type PercentileClipRecord,
} from './transforms/percentile-clip.js';
export { applyResample, type ResampleOptions, type ResampleRecord, resampleTo } from './transforms/resample.js';
export { applyRot90, drawRot90, type Plane, type Rot90Options, type Rot90Record } from './transforms/rot90.js';
export type { Sample } from './transforms/sample.js';
export {
  applyTransforms,
  drawTransforms,
  parseTransforms,
  type TransformRecord,
  type TransformSpec,
} from './transforms/transforms.js';
export { applyZScore, type ZScoreOptions, type ZScoreRecord } from './transforms/z-score.js';
export type { Case, CaseFiles, Dataset, DatasetNames, PreparedCase, SplitName, Splits } from './types.js';
export { assertFinite, type Volume, type VoxelArray, type VoxelType, volume, withData } from './volume.js';
