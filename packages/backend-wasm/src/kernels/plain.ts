import type { KernelConfig } from '@tensorflow/tfjs-core';
import { binaryKernels } from './binary.js';
import { castKernels } from './cast.js';
import { channelKernels } from './channelAffine.js';
import { contrastKernels } from './contrast.js';
import { contrastSampleKernels } from './contrastSamples.js';
import { crlnMaxPoolKernels } from './crlnMaxPool3d.js';
import { crossEntropyKernels } from './crossEntropy.js';
import { cumsumKernels } from './cumsum.js';
import { diceKernels } from './dice.js';
import { gatherKernels } from './gather.js';
import { layerNormKernels } from './layerNorm.js';
import { logicalKernels } from './logical.js';
import { maxPoolKernels } from './maxPool3d.js';
import { moveKernels } from './moves.js';
import { normKernels } from './norm.js';
import { optimizerKernels } from './optimizer.js';
import { pseudoLabelKernels } from './pseudoLabels.js';
import { reduceKernels } from './reduce.js';
import { resampleKernels } from './resample3d.js';
import { scatterRowsKernels } from './scatterRows.js';
import { searchSortedKernels } from './searchSorted.js';
import { selectKernels } from './select.js';
import { sliceKernels } from './slice.js';
import { softmaxKernels } from './softmax.js';
import { tileKernels } from './tile.js';
import { transposeKernels } from './transpose.js';
import { unaryKernels } from './unary.js';

/** The kernels written as plain loops over typed arrays: all but the convolutions and matrix products. */
export const plainKernels: readonly KernelConfig[] = [
  ...normKernels,
  ...channelKernels,
  ...crossEntropyKernels,
  ...diceKernels,
  ...pseudoLabelKernels,
  ...contrastSampleKernels,
  ...contrastKernels,
  ...layerNormKernels,
  ...scatterRowsKernels,
  ...optimizerKernels,
  ...unaryKernels,
  ...transposeKernels,
  ...tileKernels,
  ...softmaxKernels,
  ...sliceKernels,
  ...searchSortedKernels,
  ...selectKernels,
  ...reduceKernels,
  ...maxPoolKernels,
  ...logicalKernels,
  ...crlnMaxPoolKernels,
  ...moveKernels,
  ...resampleKernels,
  ...gatherKernels,
  ...cumsumKernels,
  ...castKernels,
  ...binaryKernels,
];
