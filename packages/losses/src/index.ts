/**
 * Losses of semi-supervised 3-D segmentation, as pure functions of tensors `[N, D, H, W, C]`.
 * @packageDocumentation
 */
export { type ConfidenceWeightedOptions, confidenceWeightedCrossEntropy } from './confidenceWeightedCrossEntropy.js';
export { type ConsistencyOptions, softmaxKlLoss, softmaxMseLoss } from './consistency.js';
export {
  type CpsInput,
  type CpsOptions,
  collaborativePositiveSupervision,
} from './cps/collaborativePositiveSupervision.js';
export { type CpsSample, cpsSample } from './cps/sample.js';
export { type CrossEntropyOptions, crossEntropyLoss } from './crossEntropy.js';
export { type DiceOptions, diceLoss } from './dice.js';
export { type DiceCeOptions, diceCeLoss } from './diceCe.js';
export { voxelEntropy } from './entropy.js';
export { linearRampUp, sigmoidRampUp } from './rampUp.js';
export type { Reduction } from './reduction.js';
