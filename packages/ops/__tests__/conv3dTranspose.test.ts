import { KERNELS, type Padding3d, type Triple } from '@crln/core';
import { conv3dTranspose } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from './support/backends.js';
import { addBias, convolution, sumChannels } from './support/convReference.js';
import { expectedGeometry } from './support/geometry.js';
import { check, normals, sizeOf, type Values } from './support/gradcheck.js';

interface Case {
  input: Triple;
  channels: [number, number];
  kernel: Triple;
  strides: Triple;
  padding: Padding3d;
  outputPadding?: Triple;
  dilations?: Triple;
  output: Triple;
  batch?: number;
  bias?: boolean;
}

const one: Triple = [1, 1, 1];
const two: Triple = [2, 2, 2];
const three: Triple = [3, 3, 3];
// `output` by PyTorch's formula (n − 1)·s − 2p + d·(k − 1) + outputPadding + 1; for 'same' n·s, by TensorFlow's.
const cases: Case[] = [
  { input: [2, 3, 1], channels: [3, 5], kernel: two, strides: two, padding: 'valid', output: [4, 6, 2], bias: true },
  { input: [3, 2, 2], channels: [17, 3], kernel: two, strides: two, padding: 'valid', output: [6, 4, 4], batch: 1 },
  { input: [2, 2, 3], channels: [5, 17], kernel: two, strides: two, padding: 'same', output: [4, 4, 6], bias: true },
  {
    input: [3, 2, 4],
    channels: [5, 3],
    kernel: three,
    strides: two,
    padding: 1,
    outputPadding: one,
    output: [6, 4, 8],
    bias: true,
  },
  { input: [3, 2, 4], channels: [1, 3], kernel: three, strides: two, padding: 1, output: [5, 3, 7] },
  { input: [2, 3, 2], channels: [3, 1], kernel: three, strides: two, padding: 'same', output: [4, 6, 4], bias: true },
  {
    input: [2, 3, 2],
    channels: [3, 5],
    kernel: three,
    strides: two,
    padding: 'valid',
    outputPadding: [0, 1, 0],
    output: [5, 8, 5],
  },
  { input: [4, 3, 2], channels: [17, 17], kernel: one, strides: one, padding: 'valid', output: [4, 3, 2], bias: true },
  {
    input: [2, 3, 2],
    channels: [3, 5],
    kernel: one,
    strides: two,
    padding: 'valid',
    outputPadding: one,
    output: [4, 6, 4],
  },
  { input: [4, 3, 5], channels: [5, 3], kernel: three, strides: one, padding: 1, output: [4, 3, 5], bias: true },
  { input: [3, 4, 2], channels: [3, 5], kernel: three, strides: one, padding: 'valid', output: [5, 6, 4] },
  {
    input: [3, 2, 4],
    channels: [3, 2],
    kernel: three,
    strides: two,
    padding: [
      [0, 1],
      [1, 0],
      [2, 1],
    ],
    output: [6, 4, 6],
    bias: true,
  },
  {
    input: [3, 4, 2],
    channels: [1, 3],
    kernel: [1, 3, 2],
    strides: [1, 2, 3],
    padding: 'valid',
    outputPadding: [0, 1, 2],
    output: [3, 10, 7],
  },
  {
    input: [3, 2, 3],
    channels: [3, 5],
    kernel: three,
    strides: two,
    padding: 1,
    dilations: two,
    output: [7, 5, 7],
    bias: true,
  },
];

const describeCase = (c: Case) =>
  `${c.batch ?? 2}×[${c.input}] ${c.channels.join('→')}, kernel ${c.kernel}, stride ${c.strides}, padding ${JSON.stringify(c.padding)}, output padding ${c.outputPadding ?? 0}, dilation ${c.dilations ?? 1}`;

describeBackends('conv3dTranspose', (backend) => {
  it.each(cases.map((c) => [describeCase(c), c] as const))(
    'equals the float64 reference with its gradients: %s',
    async (_, {
      input,
      channels,
      kernel,
      strides,
      padding,
      outputPadding = [0, 0, 0],
      dilations = one,
      output,
      batch = 2,
      bias,
    }) => {
      // The convolution that leads from the large volume back to the small one.
      const geometry = expectedGeometry(output, kernel, strides, padding, dilations);
      expect(geometry.output).toEqual(input);
      const x = normals([batch, ...input, channels[0]]);
      const filter = normals([...kernel, channels[1], channels[0]]);
      const large = (data: Float64Array): Values => ({ shape: [batch, ...output, channels[1]], data });
      const zeros = () => large(new Float64Array(sizeOf([batch, ...output, channels[1]])));
      await check({
        backend,
        inputs: { x, filter, ...(bias ? { bias: normals([channels[1]]) } : {}) },
        op: ({ x, filter, bias }) => {
          const y = conv3dTranspose(x!, filter!, { strides, padding, outputPadding, dilations, bias });
          expect(y.shape).toEqual([batch, ...output, channels[1]]);
          return y;
        },
        reference: ({ x, filter, bias }) => addBias(convolution(zeros(), x!, filter!, geometry).large, bias),
        gradients: (dy, { x, filter }) => {
          const out = convolution(large(dy), x!, filter!, geometry);
          return { x: out.small, filter: out.filter, bias: sumChannels(dy, channels[1]) };
        },
        kernels: [KERNELS.Conv3d, KERNELS.Conv3dInputGrad, KERNELS.Conv3dFilterGrad],
      });
    },
  );

  it('refuses an output padding that no convolution could have lost', () => {
    tf.tidy(() => {
      const [x, filter] = [tf.zeros([1, 2, 2, 2, 3]), tf.zeros([2, 2, 2, 4, 3])];
      expect(() => conv3dTranspose(x, filter, { strides: 2, outputPadding: 2 })).toThrow(
        'outputPadding [2,2,2] must be',
      );
      expect(() => conv3dTranspose(x, tf.zeros([2, 2, 2, 3, 4]), { strides: 2 })).toThrow(
        'expected filter [kd, kh, kw, Co, 3], got [2, 2, 2, 3, 4]',
      );
      expect(() => conv3dTranspose(x, filter, { padding: 2 })).toThrow('leaves no output');
    });
  });
});
