import { KERNELS, type Padding3d, type Triple } from '@crln/core';
import { depthwiseConv3d } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from './support/backends.js';
import { addBias, depthwiseConvolution, sumChannels } from './support/convReference.js';
import { expectedGeometry } from './support/geometry.js';
import { check, normals, sizeOf, type Values } from './support/gradcheck.js';

const cases: [Triple, number, Triple, Triple, Padding3d, Triple, boolean][] = [
  [[4, 3, 5], 1, [3, 3, 3], [1, 1, 1], 'same', [1, 1, 1], true],
  [[4, 3, 5], 17, [3, 3, 3], [1, 1, 1], 'same', [1, 1, 1], false],
  [[5, 4, 6], 3, [3, 3, 3], [2, 2, 2], 'same', [1, 1, 1], true],
  [[5, 4, 6], 5, [2, 2, 2], [2, 2, 2], 'valid', [1, 1, 1], false],
  [[4, 5, 3], 3, [1, 1, 1], [1, 1, 1], 'valid', [1, 1, 1], true],
  [[6, 5, 5], 4, [3, 3, 3], [1, 1, 1], 'same', [2, 2, 2], false],
  [
    [4, 6, 5],
    5,
    [3, 2, 1],
    [1, 2, 1],
    [
      [1, 0],
      [0, 2],
      [1, 1],
    ],
    [1, 1, 1],
    true,
  ],
];

describeBackends('depthwiseConv3d', (backend) => {
  it.each(cases)(
    'equals the float64 reference with its gradients: [%s] × %s channels, kernel %s, stride %s, padding %j, dilation %s, bias %s',
    async (input, channels, kernel, strides, padding, dilations, bias) => {
      const geometry = expectedGeometry(input, kernel, strides, padding, dilations);
      const shape = [2, ...geometry.output, channels];
      const small = (data: Float64Array): Values => ({ shape, data });
      await check({
        backend,
        inputs: {
          x: normals([2, ...input, channels]),
          filter: normals([...kernel, channels]),
          ...(bias ? { bias: normals([channels]) } : {}),
        },
        op: ({ x, filter, bias }) => depthwiseConv3d(x!, filter!, { strides, padding, dilations, bias }),
        reference: ({ x, filter, bias }) =>
          addBias(depthwiseConvolution(x!, small(new Float64Array(sizeOf(shape))), filter!, geometry).small, bias),
        gradients: (dy, { x, filter }) => {
          const out = depthwiseConvolution(x!, small(dy), filter!, geometry);
          return { x: out.large, filter: out.filter, bias: sumChannels(dy, channels) };
        },
        kernels: [KERNELS.DepthwiseConv3d, KERNELS.DepthwiseConv3dInputGrad, KERNELS.DepthwiseConv3dFilterGrad],
      });
    },
  );

  it('names the tensor and both shapes where they do not fit', () => {
    tf.tidy(() => {
      expect(() => depthwiseConv3d(tf.zeros([1, 3, 3, 3, 4]), tf.zeros([3, 3, 3, 4, 1]))).toThrow(
        'expected filter [kd, kh, kw, 4], got [3, 3, 3, 4, 1]',
      );
    });
  });
});
