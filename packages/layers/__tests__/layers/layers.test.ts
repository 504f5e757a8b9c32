import * as tf from '@tensorflow/tfjs-core';
import { input, type layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { describeOwnBackends, readAll } from '../../../ops/__tests__/support/backends.js';
import {
  BatchNorm3d,
  ChannelDropout3d,
  Conv3d,
  Conv3dTranspose,
  Crop3d,
  DepthwiseConv3d,
  Dropout3d,
  InstanceNorm3d,
  MaxPool3d,
  PatchCheck3d,
  UpSample3d,
  ZeroPad3d,
} from '../../src/index.js';

type LayerClass = { className: string; new (config: never): layers.Layer };

const cases: [string, LayerClass, object, number[]][] = [
  ['Conv3d same', Conv3d, { filters: 5, kernelSize: 3, strides: 2 }, [3, 4, 2, 5]],
  ['Conv3d PyTorch padding', Conv3d, { filters: 2, kernelSize: [3, 1, 2], padding: 1, useBias: false }, [5, 9, 5, 2]],
  ['Conv3d dilated', Conv3d, { filters: 2, kernelSize: 2, dilations: 2, padding: 'valid' }, [3, 5, 2, 2]],
  ['Conv3dTranspose', Conv3dTranspose, { filters: 5, kernelSize: 2, strides: 2 }, [10, 14, 8, 5]],
  [
    'Conv3dTranspose that doubles at kernel 3',
    Conv3dTranspose,
    { filters: 3, kernelSize: 3, strides: 2, padding: 1, outputPadding: 1 },
    [10, 14, 8, 3],
  ],
  ['DepthwiseConv3d', DepthwiseConv3d, { kernelSize: 3, padding: 'valid' }, [3, 5, 2, 3]],
  ['BatchNorm3d', BatchNorm3d, { relu: true, momentum: 0.2 }, [5, 7, 4, 3]],
  ['InstanceNorm3d', InstanceNorm3d, { affine: true }, [5, 7, 4, 3]],
  ['MaxPool3d', MaxPool3d, {}, [2, 3, 2, 3]],
  ['MaxPool3d same', MaxPool3d, { poolSize: 2, padding: 'same' }, [3, 4, 2, 3]],
  ['UpSample3d', UpSample3d, { size: [2, 1, 3], mode: 'nearest' }, [10, 7, 12, 3]],
  [
    'ZeroPad3d',
    ZeroPad3d,
    {
      padding: [
        [0, 1],
        [2, 0],
        [1, 1],
      ],
    },
    [6, 9, 6, 3],
  ],
  ['Crop3d', Crop3d, { cropping: [1, 2, 0] }, [3, 3, 4, 3]],
  ['ChannelDropout3d', ChannelDropout3d, { rate: 0.25 }, [5, 7, 4, 3]],
  ['Dropout3d', Dropout3d, { rate: 0.25 }, [5, 7, 4, 3]],
  ['PatchCheck3d', PatchCheck3d, { multiple: 1 }, [5, 7, 4, 3]],
];

describeOwnBackends('layers', () => {
  describe.each(cases)('%s', (_, Layer, options, expected) => {
    const x = () => tf.randomUniform([2, 5, 7, 4, 3], -1, 1, 'float32', 1);
    const make = (extra: object = {}) => new Layer({ name: 'layer', seed: 3, ...options, ...extra } as never);

    it('gives the shape it says, with and without known sizes', () => {
      const layer = make();
      const y = layer.apply(x()) as tf.Tensor;
      expect(y.shape).toEqual([2, ...expected]);
      expect(layer.computeOutputShape([2, 5, 7, 4, 3])).toEqual([2, ...expected]);
      const unknown: Shape = [null, null, null, 4, 3];
      expect(layer.computeOutputShape(unknown)).toEqual([null, null, null, ...expected.slice(2)]);
    });

    it('comes back from its configuration with the same weights and output', async () => {
      const layer = make();
      const copy = new Layer(JSON.parse(JSON.stringify(layer.getConfig())) as never);
      const image = x();
      const [a, b] = [layer.apply(image), copy.apply(image)] as [tf.Tensor, tf.Tensor];
      expect(copy.getConfig()).toEqual(layer.getConfig());
      expect(await b.data()).toEqual(await a.data());
      expect(await readAll(copy.getWeights())).toEqual(await readAll(layer.getWeights()));
    });

    it('refuses what is not [N, D, H, W, C]', () => {
      const layer = make();
      layer.apply(input({ shape: [5, 7, 4, 3] })) as SymbolicTensor;
      expect(() => layer.apply(tf.zeros([2, 5, 7, 3]))).toThrow('layer: expected [N, D, H, W, C], got [2,5,7,3]');
    });
  });
});
