import { expect, it } from 'vitest';
import * as root from '../src/index.js';
import * as node from '../src/node.js';

it('exports just this', () => {
  expect(Object.keys(root).sort()).toEqual([
    'BatchNorm3d',
    'ChannelDropout3d',
    'Conv3d',
    'Conv3dTranspose',
    'Crop3d',
    'DepthwiseConv3d',
    'Dropout3d',
    'DynamicInteraction',
    'InstanceNorm3d',
    'Layer3d',
    'MaxPool3d',
    'PatchCheck3d',
    'PrototypeBank',
    'Recompute3d',
    'Rectifier',
    'UpSample3d',
    'ZeroPad3d',
    'applyNetwork',
    'countParameters',
    'dynamicInteraction',
    'loadModel',
    'memoryHandler',
    'rectifier',
    'registerLayers',
    'saveModel',
    'uNet3d',
    'vNet',
    'weightVariables',
  ]);
  expect(Object.keys(node).sort()).toEqual(['fileHandler']);
});
