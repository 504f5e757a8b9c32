/**
 * Differentiable 3-D operations for TensorFlow.js, right on any backend. Tensors are channels-last, `[N, D, H, W, C]` float32; label volumes are
 * `[N, D, H, W]` int32. An operation runs a `@crln` kernel where the backend has it and composes stock operations where it has not.
 * @packageDocumentation
 */
// For its side effect: without tfjs-layers TensorFlow.js has no gradients in Node, nor in a bundle.
import '@tensorflow/tfjs-layers';

export type { LossScaleAttrs, SgdAttrs } from '@crln/core';
export { type BatchNormInferenceOptions, batchNormInference } from './affine.js';
export { channelSum } from './channelSum.js';
export {
  type ContrastSamples,
  type ContrastUniforms,
  type ContrastVoxels,
  contrastSamples,
} from './contrastSamples.js';
export { type ConvOptions, type ConvTransposeOptions, conv3d, conv3dTranspose } from './conv3d.js';
export { type ConfidenceOptions, confidenceCe, crossEntropySums, softmaxCrossEntropy } from './crossEntropy.js';
export { depthwiseConv3d } from './depthwise.js';
export { diceSums } from './dice.js';
export { diceCe } from './diceCe.js';
export { channelDropout, dropout, dropPath } from './dropout.js';
export { gatherRows, gatherVoxels, sampleMasked } from './gather.js';
export { type InfoNcePairs, infoNce } from './infoNce.js';
export { type BackendReport, inspectBackends } from './inspectBackends.js';
export { hasKernel, stopGradient, untaped } from './kernel.js';
export { layerNorm } from './layerNorm.js';
export { gelu, linear, relu } from './linear.js';
export { lossScaleOf, lossScaleState, lossScaleStep } from './lossScale.js';
export { type BatchNormOptions, type BatchNormResult, batchNorm, instanceNorm, type NormOptions } from './norm.js';
export { emaStep, type MovedParameter, optimizerStep, type ParameterState, sgdStep } from './optimizerStep.js';
export { crop3d, type PadOptions, pad3d } from './pad.js';
export { type MaxPoolOptions, maxPool3d } from './pool.js';
export { type PseudoLabels, pseudoLabels } from './pseudoLabels.js';
export { once, recompute } from './recompute.js';
export { type ResizeOptions, resize3d } from './resize.js';
export { type BatchStatistics, type RunningStatistics, updateRunningStatistics } from './runningStatistics.js';
export { type VariableGradients, variableGradients } from './tape.js';
export { flip3d, rot90InPlane } from './turn.js';
export { type BackendChoice, type BackendName, type UseBackendOptions, useBackend } from './useBackend.js';
export { activationPrecision, gpuTiles, startGpuStopwatch } from './webgpu.js';
