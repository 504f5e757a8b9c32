import * as ops from '@crln/ops';
import { expect, it } from 'vitest';

it('exports these names and no others', () => {
  expect(Object.keys(ops).sort()).toEqual([
    'batchNorm',
    'batchNormInference',
    'channelDropout',
    'channelSum',
    'conv3d',
    'conv3dTranspose',
    'crop3d',
    'depthwiseConv3d',
    'diceSums',
    'dropPath',
    'dropout',
    'emaStep',
    'flip3d',
    'gatherRows',
    'gatherVoxels',
    'gelu',
    'hasKernel',
    'instanceNorm',
    'layerNorm',
    'linear',
    'maxPool3d',
    'pad3d',
    'relu',
    'resize3d',
    'rot90InPlane',
    'sampleMasked',
    'sgdStep',
    'softmaxCrossEntropy',
    'stopGradient',
    'updateRunningStatistics',
    'useBackend',
  ]);
});
