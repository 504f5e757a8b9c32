/**
 * What all `@crln` packages share: errors, derived randomness, kernel names and shape rules. Imports no TensorFlow.js.
 * @packageDocumentation
 */
export {
  type ConvGeometry,
  convGeometry,
  convInputShape,
  convOutputShape,
  depthwiseGeometry,
  expectConvShape,
  type StockConvAttrs,
  stockConvGeometry,
} from './convGeometry.js';
export { CrlnError, type CrlnErrorCode, isCrlnError } from './errors.js';
export {
  type ConvAttrs,
  type ConvFilterGradAttrs,
  type ConvInputGradAttrs,
  type DiceCeAttrs,
  type GatherAxesAttrs,
  KERNELS,
  type KernelName,
  type LossScaleAttrs,
  type NormAttrs,
  type PoolAttrs,
  type SgdAttrs,
  type SparseMatrix,
} from './kernels.js';
export { nearest } from './nearest.js';
export { RandomStream, stream } from './random.js';
export {
  convOutputSize,
  convTransposeOutputSize,
  dilatedSize,
  type Padding3d,
  type Pads3d,
  resolvePads,
  type Triple,
  triple,
} from './shapes.js';
export type { SampleGeometry, SampleIntensity, StrongPlan } from './strong.js';
