import type { KernelConfig } from '@tensorflow/tfjs-core';
import { addNKernels } from './addN.js';
import { addPairsKernels } from './addPairs.js';
import { argReduceKernels } from './argReduce.js';
import { avgPoolKernels } from './avgPool3d.js';
import { binaryKernels } from './binary.js';
import { castKernels } from './cast.js';
import { channelKernels } from './channelAffine.js';
import { concatKernels } from './concat.js';
import { contrastSampleKernels } from './contrastSamples.js';
import { conv3dKernels } from './conv3d.js';
import { crossEntropyKernels } from './crossEntropy.js';
import { depthwiseConv3dKernels } from './depthwiseConv3d.js';
import { diceKernels } from './dice.js';
import { diceCeKernels } from './diceCe.js';
import { fillKernels } from './fill.js';
import { gatherKernels } from './gather.js';
import { gatherVolumeKernels } from './gatherVolume.js';
import { infoNceKernels } from './infoNce.js';
import { layerNormKernels } from './layerNorm.js';
import { lossScaleKernels } from './lossScale.js';
import { matmulKernels } from './matmul.js';
import { maxPoolKernels } from './maxPool3d.js';
import { normKernels } from './norm.js';
import { normGradKernels } from './normGrad.js';
import { optimizerKernels } from './optimizer.js';
import { padKernels } from './pad.js';
import { pseudoLabelKernels } from './pseudoLabels.js';
import { rearrangeKernels } from './rearrange.js';
import { reduceKernels } from './reduce.js';
import { resampleKernels } from './resample3d.js';
import { scanKernels } from './scan.js';
import { scatterKernels } from './scatter.js';
import { searchSortedKernels } from './searchSorted.js';
import { selectKernels } from './select.js';
import { shapeKernels } from './shape.js';
import { sliceKernels } from './slice.js';
import { softmaxKernels } from './softmax.js';
import { unaryKernels } from './unary.js';

/** Every kernel of this backend. */
export const kernels: readonly KernelConfig[] = [
  ...addNKernels,
  ...addPairsKernels,
  ...argReduceKernels,
  ...avgPoolKernels,
  ...binaryKernels,
  ...castKernels,
  ...channelKernels,
  ...concatKernels,
  ...contrastSampleKernels,
  ...conv3dKernels,
  ...crossEntropyKernels,
  ...depthwiseConv3dKernels,
  ...diceKernels,
  ...diceCeKernels,
  ...fillKernels,
  ...gatherKernels,
  ...gatherVolumeKernels,
  ...infoNceKernels,
  ...layerNormKernels,
  ...lossScaleKernels,
  ...matmulKernels,
  ...maxPoolKernels,
  ...normGradKernels,
  ...normKernels,
  ...optimizerKernels,
  ...padKernels,
  ...pseudoLabelKernels,
  ...rearrangeKernels,
  ...reduceKernels,
  ...resampleKernels,
  ...scanKernels,
  ...scatterKernels,
  ...searchSortedKernels,
  ...selectKernels,
  ...shapeKernels,
  ...sliceKernels,
  ...softmaxKernels,
  ...unaryKernels,
];
