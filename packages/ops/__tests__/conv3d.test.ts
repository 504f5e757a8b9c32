import { KERNELS, type Padding3d, type Triple } from '@crln/core';
import { conv3d } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { describeBackends, type TestBackend } from './support/backends.js';
import { addBias, convolution, sumChannels } from './support/convReference.js';
import { expectedGeometry } from './support/geometry.js';
import { centralDifferences, check, normals, relativeError, sizeOf, type Values } from './support/gradcheck.js';

interface Case {
  input: Triple;
  channels: [number, number];
  kernel: Triple;
  strides: Triple;
  padding: Padding3d;
  dilations?: Triple;
  batch?: number;
  bias?: boolean;
}

const one: Triple = [1, 1, 1];
const two: Triple = [2, 2, 2];
const three: Triple = [3, 3, 3];
const cases: Case[] = [
  { input: [5, 4, 7], channels: [1, 3], kernel: three, strides: one, padding: 'same', bias: true },
  { input: [3, 5, 4], channels: [5, 17], kernel: three, strides: one, padding: 'same', batch: 1 },
  { input: [4, 3, 5], channels: [17, 5], kernel: three, strides: one, padding: 'valid', bias: true },
  { input: [5, 6, 4], channels: [3, 5], kernel: three, strides: two, padding: 'same', bias: true },
  { input: [6, 5, 4], channels: [5, 3], kernel: three, strides: two, padding: 'valid' },
  { input: [6, 4, 8], channels: [3, 5], kernel: two, strides: two, padding: 'valid', bias: true },
  { input: [5, 7, 3], channels: [17, 3], kernel: two, strides: two, padding: 'valid' },
  { input: [5, 3, 4], channels: [3, 17], kernel: two, strides: two, padding: 'same' },
  { input: [4, 5, 3], channels: [3, 1], kernel: two, strides: one, padding: 'same', bias: true },
  { input: [3, 4, 5], channels: [17, 17], kernel: one, strides: one, padding: 'same', bias: true },
  { input: [3, 4, 5], channels: [5, 1], kernel: one, strides: one, padding: 'valid' },
  { input: [5, 4, 3], channels: [1, 5], kernel: one, strides: two, padding: 'valid', bias: true },
  { input: [4, 5, 3], channels: [3, 3], kernel: three, strides: one, padding: 1 },
  { input: [5, 4, 6], channels: [5, 3], kernel: three, strides: two, padding: [1, 0, 2], bias: true },
  {
    input: [4, 5, 3],
    channels: [3, 5],
    kernel: three,
    strides: two,
    padding: [
      [0, 1],
      [2, 0],
      [1, 3],
    ],
  },
  {
    input: [4, 5, 6],
    channels: [3, 5],
    kernel: [1, 3, 2],
    strides: [1, 2, 3],
    padding: [
      [0, 0],
      [1, 2],
      [3, 0],
    ],
  },
  { input: [6, 5, 7], channels: [3, 5], kernel: three, strides: one, padding: 'same', dilations: two, bias: true },
  { input: [7, 5, 6], channels: [1, 3], kernel: three, strides: two, padding: 2, dilations: two },
  { input: [7, 6, 5], channels: [5, 1], kernel: two, strides: one, padding: 'valid', dilations: [3, 1, 2] },
];

const describeCase = (c: Case) =>
  `${c.batch ?? 2}×[${c.input}] ${c.channels.join('→')}, kernel ${c.kernel}, stride ${c.strides}, padding ${JSON.stringify(c.padding)}, dilation ${c.dilations ?? 1}`;

async function run(backend: TestBackend, c: Case, seed = 1): Promise<void> {
  const { input, channels, kernel, strides, padding, dilations = one, batch = 2 } = c;
  const geometry = expectedGeometry(input, kernel, strides, padding, dilations);
  const [x, filter] = [normals([batch, ...input, channels[0]], seed), normals([...kernel, ...channels], seed)];
  const small = (data: Float64Array): Values => ({ shape: [batch, ...geometry.output, channels[1]], data });
  const zeros = () => small(new Float64Array(sizeOf([batch, ...geometry.output, channels[1]])));
  await check({
    backend,
    inputs: { x, filter, ...(c.bias ? { bias: normals([channels[1]], seed) } : {}) },
    op: ({ x, filter, bias }) => conv3d(x!, filter!, { strides, padding, dilations, bias }),
    reference: ({ x, filter, bias }) => addBias(convolution(x!, zeros(), filter!, geometry).small, bias),
    gradients: (dy, { x, filter }) => {
      const out = convolution(x!, small(dy), filter!, geometry);
      return { x: out.large, filter: out.filter, bias: sumChannels(dy, channels[1]) };
    },
    kernels: [KERNELS.Conv3d, KERNELS.Conv3dInputGrad, KERNELS.Conv3dFilterGrad],
  });
}

describe('the reference convolution', () => {
  it('has the gradients that finite differences find', () => {
    const geometry = expectedGeometry([4, 3, 5], three, [2, 1, 2], 'same', one);
    const shape = [1, ...geometry.output, 2];
    const inputs = { x: normals([1, 4, 3, 5, 3]), filter: normals([3, 3, 3, 3, 2]) };
    const dy = normals(shape).data;
    const forward = ({ x, filter }: Record<string, Values>) =>
      convolution(x!, { shape, data: new Float64Array(sizeOf(shape)) }, filter!, geometry).small;
    const exact = convolution(inputs.x, { shape, data: dy }, inputs.filter, geometry);
    const differences = centralDifferences(forward, inputs, dy);
    expect(relativeError(exact.large, differences.x!)).toBeLessThan(1e-8);
    expect(relativeError(exact.filter, differences.filter!)).toBeLessThan(1e-8);
  });
});

describeBackends('conv3d', (backend) => {
  it.each(cases.map((c) => [describeCase(c), c] as const))(
    'equals the float64 reference with its gradients: %s',
    (_, c) => run(backend, c),
  );

  it('equals the float64 reference for any geometry', async () => {
    const axis = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
    );
    const geometry = fc.tuple(
      axis,
      axis,
      axis,
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 }),
    );
    const extra = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    const channels = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
    await fc.assert(
      fc.asyncProperty(geometry, extra, channels, ([d, h, w, p], more, channels) => {
        const axes = [d, h, w];
        return run(backend, {
          input: axes.map(([k, , dilation], a) => (k - 1) * dilation + 1 + more[a]!) as Triple,
          channels,
          kernel: axes.map(([k]) => k) as Triple,
          strides: axes.map(([, s]) => s) as Triple,
          dilations: axes.map(([, , dilation]) => dilation) as Triple,
          padding: [
            [p[0]!, p[1]!],
            [p[2]!, p[3]!],
            [p[4]!, p[5]!],
          ],
        });
      }),
      { numRuns: 25, seed: 20 },
    );
  });

  it('computes only the gradients that are asked for', async () => {
    const [x, filter] = [tf.ones([1, 2, 2, 2, 1]), tf.ones([1, 1, 1, 1, 1])];
    // Not tf.profile: it reads every output at once, which a GPU cannot.
    const runKernel = vi.spyOn(tf.engine(), 'runKernel');
    const gradient = tf.grad((w) => tf.sum(conv3d(x, w)))(filter);
    const kernelNames = runKernel.mock.calls.map(([name]) => name);
    runKernel.mockRestore();
    expect((await gradient.data())[0]).toBe(8);
    expect(kernelNames.some((name) => /FilterGrad|BackpropFilter/.test(name))).toBe(true);
    expect(kernelNames.some((name) => /InputGrad|BackpropInput/.test(name))).toBe(false);
    tf.dispose([x, filter, gradient]);
  });

  it('names the tensor and both shapes where they do not fit', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 4, 4, 4, 3]);
      expect(() => conv3d(tf.zeros([4, 4, 4, 3]), tf.zeros([3, 3, 3, 3, 2]))).toThrow(
        'expected x [N, D, H, W, Ci], got [4, 4, 4, 3]',
      );
      expect(() => conv3d(x, tf.zeros([3, 3, 3, 2, 2]))).toThrow(
        'expected filter [kd, kh, kw, 3, Co], got [3, 3, 3, 2, 2]',
      );
      expect(() => conv3d(x, tf.zeros([3, 3, 3, 3, 2]), { bias: tf.zeros([3]) })).toThrow('expected bias [2], got [3]');
      expect(() => conv3d(x, tf.zeros([5, 3, 3, 3, 2]), { padding: 'valid' })).toThrow('does not fit the padded input');
      expect(() => conv3d(x, tf.zeros([3, 3, 3, 3, 2]), { strides: 0 })).toThrow(
        'strides: expected numbers of at least 1',
      );
      expect(() => conv3d(x, tf.zeros([3, 3, 3, 3, 2]), { padding: -1 })).toThrow('padding: expected whole numbers');
    });
  });
});
