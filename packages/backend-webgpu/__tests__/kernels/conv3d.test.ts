import { type ConvAttrs, dilatedSize, KERNELS, type Pads3d, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
// Gradients of stock operations are registered by this import alone.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { kernelCalls, resetKernelCalls } from '../../src/index.js';
import { tiles } from '../../src/product/tiles.js';
import { describeGpu, normals, relativeError, run, runOurs, sizeOf } from '../harness.js';
import { ReferenceConv, same } from '../reference.js';
import { tiny, withTiles } from '../tiles.js';

interface Problem {
  x: number[];
  filter: number[];
  attrs: ConvAttrs;
  bias?: boolean;
}

/** Errors of the convolution and both gradients against the float64 definition: max|a − b| / max|b|. */
async function errors({ x, filter, attrs, bias = false }: Problem): Promise<number[]> {
  const reference = new ReferenceConv(x, filter, attrs);
  const { yShape } = reference;
  const [xs, ws, dys] = [normals(sizeOf(x), 1), normals(sizeOf(filter), 2), normals(sizeOf(yShape), 3)];
  const outBias = bias ? normals(filter[4]!, 4) : undefined;
  const inBias = bias ? normals(x[4]!, 5) : undefined;
  const of = (values: Float32Array, shape: number[]) => tf.tensor(values, shape);
  const biased = (values?: Float32Array) => (values ? { bias: tf.tensor1d(values) } : {});
  const [y] = await runOurs(KERNELS.Conv3d, { x: of(xs, x), filter: of(ws, filter), ...biased(outBias) }, attrs);
  const [dx] = await runOurs(
    KERNELS.Conv3dInputGrad,
    { dy: of(dys, yShape), filter: of(ws, filter), ...biased(inBias) },
    { ...attrs, inputShape: x },
  );
  const [dw] = await runOurs(
    KERNELS.Conv3dFilterGrad,
    { x: of(xs, x), dy: of(dys, yShape) },
    { ...attrs, filterShape: filter },
  );
  return [
    relativeError(y!, reference.forward(xs, ws, outBias)),
    relativeError(dx!, reference.inputGrad(dys, ws, inBias)),
    relativeError(dw!, reference.filterGrad(xs, dys)),
  ];
}

const worst = async (problem: Problem): Promise<number> => Math.max(...(await errors(problem)));

const valid: Pads3d = [
  [0, 0],
  [0, 0],
  [0, 0],
];
const uneven: Pads3d = [
  [1, 0],
  [0, 2],
  [2, 1],
];
const attrs = (stride: number, pads: Pads3d, dilation = 1): ConvAttrs => ({
  strides: [stride, stride, stride],
  pads,
  dilations: [dilation, dilation, dilation],
});

const triples = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min, max }));

/** Sizes, and paddings on both sides, for which at least one output voxel is left. */
const problems = (channels: readonly (readonly [number, number])[]): fc.Arbitrary<Problem> =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: 2 }),
      size: triples(1, 8),
      kernel: triples(1, 4),
      strides: triples(1, 4),
      dilations: triples(1, 3),
      before: triples(0, 4),
      after: triples(0, 4),
      channels: fc.constantFrom(...channels),
    })
    .map(({ batch, size, kernel, strides, dilations, before, after, channels: [ci, co] }) => {
      const pads = before.map((b, a) => [b, after[a]!]) as Pads3d;
      const large = size.map((n, a) => Math.max(n, dilatedSize(kernel[a]!, dilations[a]!) - before[a]! - after[a]!));
      return { x: [batch, ...large, ci], filter: [...kernel, ci, co], attrs: { strides, pads, dilations }, bias: true };
    });

/** Pairs of channels: whether they are multiples of four makes other kernels. */
const channelKinds: Record<string, readonly (readonly [number, number])[]> = {
  'odd to odd': [
    [1, 3],
    [5, 17],
  ],
  'odd to even': [
    [3, 8],
    [1, 16],
  ],
  'even to odd': [
    [4, 1],
    [12, 5],
  ],
  'even to even': [
    [4, 8],
    [12, 16],
  ],
};

/** What is compiled here takes a software device seconds each. */
const PATIENCE = 300_000;

describeGpu('CrlnConv3d and its gradients', () => {
  it.each(Object.entries(channelKinds))(
    'equal the float64 definition for any size, stride, dilation and padding, %s',
    async (_, channels) => {
      // Every second one with its sums split.
      let leastInner = 16;
      await fc.assert(
        fc.asyncProperty(problems(channels), async (problem) => {
          leastInner = 144 - leastInner;
          expect(await withTiles({ ...tiny, leastInner }, () => worst(problem))).toBeLessThan(1e-5);
        }),
        { numRuns: 6, seed: 7 },
      );
    },
    PATIENCE,
  );

  it.each<[string, Problem]>([
    ['one voxel', { x: [1, 1, 1, 1, 4], filter: [3, 3, 3, 4, 8], attrs: same, bias: true }],
    ['many channels', { x: [1, 3, 2, 2, 36], filter: [2, 2, 2, 36, 72], attrs: attrs(2, uneven), bias: true }],
    ['a pointwise filter', { x: [2, 3, 4, 5, 20], filter: [1, 1, 1, 20, 8], attrs: attrs(1, valid), bias: true }],
    ['a pointwise filter, odd channels', { x: [1, 3, 4, 5, 3], filter: [1, 1, 1, 3, 5], attrs: attrs(1, valid) }],
    [
      'a pointwise filter of stride 2',
      { x: [1, 5, 4, 5, 4], filter: [1, 1, 1, 4, 8], attrs: attrs(2, valid), bias: true },
    ],
    [
      'padding around a pointwise filter',
      { x: [1, 3, 4, 5, 4], filter: [1, 1, 1, 4, 8], attrs: attrs(1, uneven), bias: true },
    ],
    [
      'an axis shorter than the stride',
      {
        x: [2, 1, 2, 9, 4],
        filter: [1, 2, 2, 4, 8],
        attrs: attrs(4, [
          [0, 0],
          [0, 2],
          [2, 1],
        ]),
        bias: true,
      },
    ],
  ])(
    'equal the definition for %s',
    async (_, problem) => {
      expect(await withTiles(tiny, () => worst(problem))).toBeLessThan(1e-5);
    },
    PATIENCE,
  );

  it.each<[string, Problem]>([
    ['32 → 32 channels', { x: [1, 6, 5, 4, 32], filter: [3, 3, 3, 32, 32], attrs: same }],
    ['5 → 17 channels', { x: [2, 4, 5, 6, 5], filter: [2, 1, 2, 5, 17], attrs: attrs(2, uneven) }],
    ['16 → 68 channels', { x: [1, 5, 5, 5, 16], filter: [2, 2, 2, 16, 68], attrs: attrs(1, valid) }],
  ])(
    'equal the definition for %s with the tiles of a GPU',
    async (_, problem) => {
      expect(await worst(problem)).toBeLessThan(1e-5);
    },
    PATIENCE,
  );

  it('keep their errors small on many voxels', async () => {
    const problem = { x: [1, 48, 47, 50, 1], filter: [1, 1, 2, 1, 3], attrs: attrs(1, valid), bias: true };
    const [y, dx, dw] = await withTiles(tiny, () => errors(problem));
    expect(y).toBeLessThan(1e-5);
    expect(dx).toBeLessThan(1e-5);
    expect(dw).toBeLessThan(1e-4);
  });

  it('always add the parts of split sums in the same order', async () => {
    const [x, dy] = [normals(20 ** 3 * 4, 1), normals(20 ** 3 * 8, 2)];
    const inputs = () => ({ x: tf.tensor(x, [1, 20, 20, 20, 4]), dy: tf.tensor(dy, [1, 20, 20, 20, 8]) });
    const attributes = { ...same, filterShape: [3, 3, 3, 4, 8] };
    const results = await withTiles(tiny, async () => [
      await runOurs(KERNELS.Conv3dFilterGrad, inputs(), attributes),
      await runOurs(KERNELS.Conv3dFilterGrad, inputs(), attributes),
    ]);
    expect(results[1]).toEqual(results[0]);
  });

  it('take an empty batch', async () => {
    const x = tf.zeros([0, 4, 4, 4, 2]);
    const filter = tf.ones([3, 3, 3, 2, 2]);
    const [y] = run(KERNELS.Conv3d, { x, filter }, same);
    expect(y!.shape).toEqual([0, 4, 4, 4, 2]);
    const [dx] = run(KERNELS.Conv3dInputGrad, { dy: y!, filter }, { ...same, inputShape: x.shape });
    expect(dx!.shape).toEqual(x.shape);
    const [dw] = await runOurs(KERNELS.Conv3dFilterGrad, { x, dy: y! }, { ...same, filterShape: filter.shape });
    expect(dw).toEqual(new Float32Array(27 * 4));
  });

  it('name the tensor whose shape or type is wrong', () => {
    const x = tf.zeros([1, 4, 4, 4, 2]);
    const call = (filter: number[], bias: number[]) => () =>
      run(KERNELS.Conv3d, { x, filter: tf.zeros(filter), bias: tf.zeros(bias) }, same);
    expect(call([3, 3, 3, 3, 2], [2])).toThrow(/expected filter \[3,3,3,2,2\], got \[3,3,3,3,2\]/);
    expect(call([3, 3, 3, 2, 2], [3])).toThrow(/expected bias \[2\], got \[3\]/);
    expect(call([9, 3, 3, 2, 2], [2])).toThrow(/does not fit/);
    const dy = tf.zeros([1, 4, 4, 5, 2]);
    expect(() => run(KERNELS.Conv3dFilterGrad, { x, dy }, { ...same, filterShape: [3, 3, 3, 2, 2] })).toThrow(
      /expected dy \[1,4,4,4,2\], got \[1,4,4,5,2\]/,
    );
    const filter = tf.zeros([3, 3, 3, 2, 2], 'int32');
    expect(() => run(KERNELS.Conv3d, { x, filter }, same)).toThrow(/expected filter of type float32, got int32/);
  });
});

describeGpu('the direct convolution', () => {
  it.each<[number, number, number[], Pads3d]>([
    [1, 3, [5, 9, 11], same.pads],
    [4, 8, [4, 8, 8], uneven],
    [5, 17, [6, 9, 10], valid],
    [16, 36, [5, 10, 9], same.pads],
  ])(
    'of %i → %i channels equals the definition, as does its input gradient',
    async (ci, co, size, pads) => {
      const problem = { x: [2, ...size, ci], filter: [3, 3, 3, ci, co], attrs: { ...same, pads }, bias: true };
      const changes = { leastDirectGroups: 0, leastDirectFill: 0, ...tiny };
      const [y, dx] = await withTiles(changes, () => errors(problem));
      expect(y).toBeLessThan(1e-5);
      expect(dx).toBeLessThan(1e-5);
    },
    PATIENCE,
  );

  it('takes large volumes', async () => {
    const problem = { x: [4, 32, 32, 16, 1], filter: [3, 3, 3, 1, 3], attrs: same, bias: true };
    const [y, dx] = await withTiles(tiny, () => errors(problem));
    expect(4 * 8 * 4 * 2).toBe(tiles.leastDirectGroups);
    expect(y).toBeLessThan(1e-5);
    expect(dx).toBeLessThan(1e-5);
  });
});

describeGpu('tf.conv3d and tf.conv3dTranspose', () => {
  it.each<[number[], number[], number, 'same' | 'valid']>([
    [[2, 4, 5, 6, 4], [3, 3, 3, 4, 4], 1, 'same'],
    [[2, 4, 5, 6, 4], [2, 2, 2, 4, 4], 2, 'valid'],
    [[1, 5, 5, 6, 4], [3, 3, 3, 4, 4], 2, 'same'],
  ])('equal the definition for %j, filter %j, stride %i, %s', async (x, filter, stride, pad) => {
    const total = filter.slice(0, 3).map((k, a) => (Math.ceil(x[a + 1]! / stride) - 1) * stride + k - x[a + 1]!);
    const before = total.map((n) => Math.floor(n / 2));
    const pads = (pad === 'valid' ? valid : before.map((b, a) => [b, total[a]! - b])) as Pads3d;
    const reference = new ReferenceConv(x, filter, attrs(stride, pads));
    const [xs, ws, dys] = [normals(sizeOf(x), 1), normals(sizeOf(filter), 2), normals(sizeOf(reference.yShape), 3)];
    const conv = (a: tf.Tensor, b: tf.Tensor) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, stride, pad);
    const [xt, wt] = [tf.tensor(xs, x), tf.tensor(ws, filter)];
    resetKernelCalls();
    const [y, dx, dw] = await withTiles(tiny, async () => [
      conv(xt, wt),
      ...(tf.grads(conv)([xt, wt], tf.tensor(dys, reference.yShape)) as [tf.Tensor, tf.Tensor]),
    ]);
    expect(kernelCalls()).toMatchObject({ Conv3D: 2, Conv3DBackpropInputV2: 1, Conv3DBackpropFilterV2: 1 });
    expect(relativeError(await y!.data(), reference.forward(xs, ws))).toBeLessThan(1e-5);
    expect(relativeError(await dx!.data(), reference.inputGrad(dys, ws))).toBeLessThan(1e-5);
    expect(relativeError(await dw!.data(), reference.filterGrad(xs, dys))).toBeLessThan(1e-5);
  });

  it('doubles a volume', async () => {
    const [x, filter] = [normals(2 * 4 * 3 * 2 * 4, 1), normals(8 * 4 * 4, 2)];
    const size: Triple = [8, 6, 4];
    const reference = new ReferenceConv([2, ...size, 4], [2, 2, 2, 4, 4], attrs(2, valid));
    const [xt, wt] = [tf.tensor5d(x, [2, 4, 3, 2, 4]), tf.tensor5d(filter, [2, 2, 2, 4, 4])];
    const doubled = async () => tf.conv3dTranspose(xt, wt, [2, ...size, 4], 2, 'valid');
    const y = await withTiles(tiny, doubled);
    expect(relativeError(await y.data(), reference.inputGrad(x, filter))).toBeLessThan(1e-5);
  });
});
