import type { KernelConfig } from '@tensorflow/tfjs-core';
import { channelKernels } from './channelAffine.js';
import { crossEntropyKernels } from './crossEntropy.js';
import { diceKernels } from './dice.js';
import { layerNormKernels } from './layerNorm.js';
import { normKernels } from './norm.js';
import { optimizerKernels } from './optimizer.js';
import { scatterRowsKernels } from './scatterRows.js';

/** The kernels written as plain loops over typed arrays: all but the convolutions and matrix products. */
export const plainKernels: readonly KernelConfig[] = [
  ...normKernels,
  ...channelKernels,
  ...crossEntropyKernels,
  ...diceKernels,
  ...layerNormKernels,
  ...scatterRowsKernels,
  ...optimizerKernels,
];
