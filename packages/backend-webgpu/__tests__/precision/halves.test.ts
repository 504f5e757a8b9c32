import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { CrlnWebGpuBackend } from '../../src/backend.js';
import { withHalves } from '../../src/gpu/halves.js';
import { shader } from '../../src/gpu/shader.js';
import { registerWebGpuBackend } from '../../src/index.js';
import { missing } from '../adapter.js';
import { describeGpu, integers, relativeError, run, sizeOf } from '../harness.js';
import { same } from '../reference.js';

/** Half precision has 11 bits; a result may be rounded twice. */
const TOLERANCE = 2 ** -10;
const [D, H, W] = [5, 4, 6];

interface Case {
  kernel: string;
  title?: string;
  /** Inputs of shape [2, 5, 4, 6, channels] that are stored in half precision. */
  halves: readonly string[];
  /** Further inputs, for so many channels. */
  others?: (channels: number) => Record<string, tf.Tensor>;
  attrs?: (channels: number) => object;
  /** Channels of the half inputs that are not all the same. */
  channelsOf?: Record<string, number>;
  /** Which outputs are activations. */
  stored?: readonly boolean[];
}

const pool = { poolSize: [2, 2, 2], strides: [2, 2, 2], pads: same.pads.map(() => [0, 0]) };
const stride2 = { ...pool, dilations: [1, 1, 1] };
const filter = (size: number, inputs: number, outputs: number) =>
  floats([size, size, size, inputs, outputs], 11, 1 / 32);
const perChannel = (channels: number, seed: number) => floats([channels], seed, 1 / 16);
const statistics = (channels: number) => ({
  mean: floats([1, channels], 3, 1 / 16),
  variance: tf.ones([1, channels]),
  shift: tf.zeros([1, channels]),
});

const CASES: Case[] = [
  { kernel: KERNELS.Conv3d, halves: ['x'], others: (c) => ({ filter: filter(3, c, 12) }), attrs: () => same },
  {
    kernel: KERNELS.Conv3d,
    title: 'of stride 2',
    halves: ['x'],
    others: (c) => ({ filter: filter(2, c, 8) }),
    attrs: () => stride2,
  },
  {
    kernel: KERNELS.Conv3dInputGrad,
    halves: ['dy'],
    others: (c) => ({ filter: filter(3, 8, c), bias: perChannel(8, 5) }),
    attrs: () => ({ ...same, inputShape: [2, D, H, W, 8] }),
  },
  {
    kernel: KERNELS.Conv3dInputGrad,
    title: 'of stride 2',
    halves: ['dy'],
    others: (c) => ({ filter: filter(2, 8, c) }),
    attrs: () => ({ ...stride2, inputShape: [2, 2 * D, 2 * H, 2 * W, 8] }),
  },
  {
    kernel: KERNELS.Conv3dFilterGrad,
    halves: ['x', 'dy'],
    attrs: (c) => ({ ...same, filterShape: [3, 3, 3, c, c] }),
    stored: [false],
  },
  {
    kernel: KERNELS.DepthwiseConv3d,
    halves: ['x'],
    others: (c) => ({ filter: floats([3, 3, 3, c], 4, 1 / 32) }),
    attrs: () => same,
  },
  {
    kernel: KERNELS.DepthwiseConv3dFilterGrad,
    halves: ['x', 'dy'],
    attrs: (c) => ({ ...same, filterShape: [3, 3, 3, c] }),
    stored: [false],
  },
  {
    kernel: KERNELS.Norm,
    halves: ['x'],
    others: (c) => ({ gamma: perChannel(c, 1), beta: perChannel(c, 2) }),
    attrs: () => ({ over: 'batch', epsilon: 1e-5, relu: true }),
    stored: [true, false, false, false],
  },
  {
    kernel: KERNELS.NormGrad,
    halves: ['dy', 'x'],
    others: (c) => ({ ...statistics(c), gamma: perChannel(c, 1) }),
    attrs: () => ({ over: 'batch', epsilon: 1e-5, relu: true }),
    stored: [true, false, false],
  },
  {
    kernel: KERNELS.ChannelAffine,
    halves: ['x'],
    others: (c) => ({ scale: perChannel(c, 1), shift: perChannel(c, 2) }),
    attrs: () => ({ relu: true }),
  },
  { kernel: KERNELS.ChannelSum, halves: ['x'], stored: [false] },
  { kernel: KERNELS.ScaleChannels, halves: ['x'], others: (c) => ({ mask: floats([2, c], 6, 1 / 16) }) },
  { kernel: KERNELS.MaxPool3d, halves: ['x'], attrs: () => pool },
  {
    kernel: KERNELS.GatherAxes,
    halves: ['x'],
    attrs: () => ({
      along: [2, 1, 0],
      from: [Int32Array.of(3, -1, 0), Int32Array.of(1, 2), Int32Array.of(4, 0)],
      fill: 1.5,
    }),
  },
  {
    kernel: KERNELS.GatherVoxels,
    halves: ['x'],
    others: () => ({ index: tf.tensor1d(integers(2 * D * H * W, -1, 2 * D * H * W), 'int32') }),
    attrs: () => ({ fill: 0.5 }),
  },
  { kernel: 'Add', halves: ['a', 'b'] },
  { kernel: 'Multiply', title: 'by channels', halves: ['a'], others: (c) => ({ b: perChannel(c, 9) }) },
  { kernel: 'Prelu', halves: ['x'], others: (c) => ({ alpha: perChannel(c, 9) }) },
  { kernel: 'Relu', halves: ['x'] },
  { kernel: 'AddN', halves: ['0', '1', '2'] },
  { kernel: 'Concat', halves: ['0', '1'], channelsOf: { 1: 8 }, attrs: () => ({ axis: 4 }) },
  { kernel: 'Slice', halves: ['x'], attrs: () => ({ begin: [1, 1, 0, 2, 0], size: [1, 3, 4, 2, 8] }) },
  {
    kernel: 'PadV2',
    halves: ['x'],
    attrs: () => ({
      paddings: [
        [0, 0],
        [1, 0],
        [0, 2],
        [1, 1],
        [0, 0],
      ],
      constantValue: 0.5,
    }),
  },
  {
    kernel: 'MirrorPad',
    halves: ['x'],
    attrs: () => ({
      paddings: [
        [0, 0],
        [1, 0],
        [0, 2],
        [1, 1],
        [0, 0],
      ],
      mode: 'reflect',
    }),
  },
  { kernel: 'Transpose', halves: ['x'], attrs: () => ({ perm: [0, 2, 3, 1, 4] }) },
  { kernel: 'Sum', halves: ['x'], attrs: () => ({ axis: [1, 2, 3] }), stored: [false] },
  { kernel: 'Max', halves: ['x'], attrs: () => ({ reductionIndices: [4], keepDims: false }), stored: [false] },
];

/** Numbers that half precision can hold. */
function floats(shape: number[], seed: number, unit = 1 / 64): tf.Tensor {
  return tf.tensor(
    Float32Array.from(integers(sizeOf(shape), -256, 257, seed), (n) => n * unit),
    shape,
  );
}

const backend = () => tf.backend() as CrlnWebGpuBackend;

/** The same numbers, as a convolution leaves them where activations are stored in half precision. */
function stored(x: tf.Tensor): tf.Tensor {
  const channels = x.shape[4]!;
  const identity = tf.reshape(tf.eye(channels), [1, 1, 1, channels, channels]) as tf.Tensor5D;
  return tf.conv3d(x as tf.Tensor5D, identity, 1, 'same');
}

describeGpu('halves', () => {
  afterAll(() => registerWebGpuBackend({ precision: 'f32' }));

  const withChannels = CASES.flatMap((one) =>
    [9, 16].map((channels) => ({ ...one, channels, title: one.title ?? '' })),
  );
  it.each(withChannels)('$kernel $title of activations of $channels channels', async (one) => {
    const { kernel, halves, others, attrs, channels, channelsOf = {}, stored: wanted = [true] } = one;
    const inputs = halves.map((name, i) => [name, floats([2, D, H, W, channelsOf[name] ?? channels], i)] as const);
    const more = others?.(channels) ?? {};
    const exact = run(kernel, { ...Object.fromEntries(inputs), ...more }, attrs?.(channels));
    await registerWebGpuBackend({ precision: 'f16' });
    const stores = Object.fromEntries(inputs.map(([name, x]) => [name, stored(x)]));
    expect(Object.values(stores).every((x) => backend().isHalf(x))).toBe(true);
    const outputs = run(kernel, { ...stores, ...more }, attrs?.(channels));
    await registerWebGpuBackend({ precision: 'f32' });
    expect(outputs.map((y) => backend().isHalf(y))).toEqual(wanted);
    for (const [i, y] of outputs.entries()) {
      expect(relativeError(await y.data(), await exact[i]!.data())).toBeLessThan(TOLERANCE);
    }
  });

  it('are read as the matrix, the rows and the numbers that they are', async () => {
    const x = floats([1, 2, 3, 4, 8], 1);
    await registerWebGpuBackend({ precision: 'f16' });
    const half = stored(x);
    const rows = tf.reshape(half, [24, 8]) as tf.Tensor2D;
    const weights = floats([8, 5], 2, 1 / 32);
    const product = tf.matMul(rows, weights as tf.Tensor2D);
    await registerWebGpuBackend({ precision: 'f32' });
    expect(await half.data()).toEqual(await x.data());
    expect(backend().isHalf(product)).toBe(false);
    const exact = tf.matMul(tf.reshape(x, [24, 8]) as tf.Tensor2D, weights as tf.Tensor2D);
    expect(relativeError(await product.data(), await exact.data())).toBeLessThan(1e-5);
  });

  it('take half the memory', async () => {
    const x = floats([2, 8, 8, 8, 16], 1);
    const grown = async (precision: 'f16' | 'f32') => {
      await registerWebGpuBackend({ precision });
      const before = tf.memory() as unknown as { numBytesInGPU: number };
      const y = tf.tidy(() => stored(x));
      const after = tf.memory() as unknown as { numBytesInGPU: number };
      y.dispose();
      return after.numBytesInGPU - before.numBytesInGPU;
    };
    tf.dispose(tf.tidy(() => stored(x)));
    expect(await grown('f16')).toBe(2 * x.size);
    expect(await grown('f32')).toBe(4 * x.size);
  });

  it('keep what is too large infinite, and NaN', async () => {
    const x = tf.tensor([1e5, -1e5, Number.NaN, 1, 2, 3, 4, 5], [1, 1, 1, 1, 8]);
    await registerWebGpuBackend({ precision: 'f16' });
    const y = tf.relu(tf.add(tf.mul(stored(tf.zerosLike(x)), 0), x));
    await registerWebGpuBackend({ precision: 'f32' });
    expect(backend().isHalf(y)).toBe(true);
    expect([...(await y.data())]).toEqual([Number.POSITIVE_INFINITY, 0, Number.NaN, 1, 2, 3, 4, 5]);
  });

  it('are refused by name where a precision is none', async () => {
    await expect(registerWebGpuBackend({ precision: 'f8' as 'f16' })).rejects.toThrow(
      'expected precision f32 or f16, got f8',
    );
  });
});

describe.skipIf(missing)('a shader with halves', () => {
  const source = shader('halves of a test', () => ({
    inputs: { x: 'vec4<f32>', places: 'u32' },
    outputs: { y: 'f32' },
    workgroup: [1],
    body: `
  let first = x[places[index] + u32(x[0].x)].y;
  y[index] = select(first, p.x[0], x[1].x == 2.0);
  y[index + 1u] += first * 2.0;
  if (y[0] == 1.0) { max[0] = y[1]; }`,
  }));

  it('converts where it reads and where it writes, and leaves other names', () => {
    const { code } = withHalves(source, ['x', 'y']);
    expect(code).toContain('enable f16;\n');
    expect(code).toContain('var<storage, read> x: array<vec4<f16>>;');
    expect(code).toContain('var<storage, read> places: array<u32>;');
    expect(code).toContain('let first = vec4<f32>(x[places[index] + u32(vec4<f32>(x[0]).x)]).y;');
    expect(code).toContain('y[index] = f16(select(first, p.x[0], vec4<f32>(x[1]).x == 2.0));');
    expect(code).toContain('y[index + 1u] = f16(f32(y[index + 1u]) + (first * 2.0));');
    expect(code).toContain('if (f32(y[0]) == 1.0) { max[0] = f32(y[1]); }');
  });

  it('has another key, and one for each choice of bindings', () => {
    expect(new Set([source, withHalves(source, ['x']), withHalves(source, ['y'])].map(({ key }) => key)).size).toBe(3);
  });

  it('refuses a binding that holds no floats', () => {
    expect(() => withHalves(source, ['places'])).toThrow('places of u32 has no half precision');
  });
});
