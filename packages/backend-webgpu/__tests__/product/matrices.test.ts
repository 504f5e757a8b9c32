import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RegisterOptions, registerWebGpuBackend } from '../../src/index.js';
import type { MatrixTile } from '../../src/product/tiles.js';
import { emulated } from '../emulation.js';
import { describeGpu, relativeError, run, runOurs } from '../harness.js';
import { ReferenceConv, same } from '../reference.js';
import { tiny, withTiles } from '../tiles.js';
import { attrs, convolutions, none, type Problem, pads, products, whole } from './products.js';
import { byMatrix, gpu, shadersOf } from './shaders.js';

const halves: RegisterOptions = { poison: true, precision: 'f16' };
const missing = await registerWebGpuBackend(halves).then(
  () => undefined,
  (error: Error) => error.message,
);

/** Sizes that all differ, lest one be taken for another. */
const UNIT = emulated({ M: 16, N: 8, K: 4 });
const tile: MatrixTile = { rows: 32, columns: 16, depth: 16, down: 2, across: 1 };
const always = { leastMatrix: { rows: 0, inner: 0, columns: 0 }, matrices: { many: [tile], few: [tile] } };

/** What is compiled here takes a software device seconds each. */
const PATIENCE = 300_000;

/** Runs with the smallest tile, for whatever size; all products must go by matrices. */
async function byMatrices<T>(work: () => Promise<T>, changes: object = {}, splits?: number): Promise<T> {
  const { shaders, result } = await withTiles({ ...always, ...changes }, () => shadersOf(work));
  const [sums, others] = [shaders.filter(({ key }) => key.startsWith('sumParts')), shaders.filter(byMatrix)];
  expect(others.length).toBeGreaterThan(0);
  expect(sums.length + others.length).toBe(shaders.length);
  if (splits !== undefined) expect(sums).toHaveLength(splits);
  return result;
}

/** A suite on a backend of halves whose GPU seems to have matrices. */
function describeMatrices(title: string, body: () => void): void {
  if (missing) {
    describe.skip(`${title} (skipped: ${missing})`, body);
    return;
  }
  describeGpu(title, () => {
    beforeAll(() => {
      gpu().precision = 'f16';
    });
    afterEach(() => {
      gpu().matrixUnit = UNIT;
    });
    afterAll(() => {
      gpu().precision = 'f32';
      gpu().matrixUnit = undefined;
    });
    body();
  });
}

describeMatrices('Products by matrices of subgroups, emulated,', () => {
  beforeAll(() => {
    gpu().matrixUnit = UNIT;
  });

  it.each<[string, [number, number, number]]>([
    ['multiples of four', [36, 44, 24]],
    ['odd sizes', [37, 19, 21]],
  ])(
    'are exact for %s, stored either way',
    async (_, shape) => {
      for (const transposed of [false, true]) {
        const { ours, expected } = await byMatrices(() =>
          products({ shape, transposeA: transposed, transposeB: transposed }),
        );
        expect(ours).toEqual(expected);
      }
    },
    PATIENCE,
  );

  it.each<[string, Problem]>([
    ['3×3×3', { x: [2, 3, 4, 5, 20], filter: [3, 3, 3, 20, 12], attrs: same, bias: true }],
    ['2×2×2 of stride 2', { x: [1, 6, 4, 5, 16], filter: [2, 2, 2, 16, 36], attrs: attrs(2, pads(0, 0, 0, 0, 1, 0)) }],
    ['1×1×1', { x: [2, 3, 4, 5, 24], filter: [1, 1, 1, 24, 20], attrs: attrs(1, none), bias: true }],
    [
      'odd channels, strides and dilations',
      { x: [2, 5, 6, 7, 5], filter: [2, 1, 3, 5, 9], attrs: attrs(3, pads(1, 0, 0, 2, 2, 1), 2), bias: true },
    ],
  ])(
    'are exact for a convolution, %s, and its gradients',
    async (_, problem) => {
      const { ours, expected } = await byMatrices(() => convolutions(problem));
      expect(ours).toEqual(expected);
    },
    PATIENCE,
  );

  it(
    'are exact where sums are split, with the bias and ReLU after them',
    async () => {
      const changes = { leastInner: 16 };
      const problem = { x: [1, 3, 4, 4, 16], filter: [3, 3, 3, 16, 16], attrs: same, bias: true };
      const { ours, expected: sums } = await byMatrices(() => convolutions(problem), changes, 3);
      expect(ours).toEqual(sums);
      const [a, b, bias] = [whole([6, 300], 1), whole([300, 20], 2), whole([20], 3)];
      const inputs = { a: tf.tensor(a, [6, 300]), b: tf.tensor(b, [300, 20]), bias: tf.tensor(bias, [20]) };
      const attributes = { transposeA: false, transposeB: false, activation: 'relu' };
      const [y] = await byMatrices(() => runOurs('_FusedMatMul', inputs, attributes), changes, 1);
      const expected = y!.map((_, at) => {
        const [i, j] = [Math.floor(at / 20), at % 20];
        return Math.max(
          0,
          a.slice(300 * i, 300 * i + 300).reduce((sum, v, l) => sum + v * b[20 * l + j]!, bias[j]!),
        );
      });
      expect(y).toEqual(expected);
    },
    PATIENCE,
  );

  it(
    'are exact for many products at strides of their own',
    async () => {
      const [a, b] = [whole([3, 35, 12], 1), whole([2, 1, 12, 16], 2)];
      const inputs = { a: tf.tensor(a, [3, 35, 12]), b: tf.tensor(b, [2, 1, 12, 16]) };
      const [y] = await byMatrices(() => runOurs('BatchMatMul', inputs, { transposeA: false, transposeB: false }));
      const expected = y!.map((_, at) => {
        const [outer, middle, i, j] = [
          Math.floor(at / 1680),
          Math.floor(at / 560) % 3,
          Math.floor(at / 16) % 35,
          at % 16,
        ];
        let sum = 0;
        for (let l = 0; l < 12; l++) sum += a[(middle * 35 + i) * 12 + l]! * b[(outer * 12 + l) * 16 + j]!;
        return sum;
      });
      expect(y).toEqual(expected);
    },
    PATIENCE,
  );

  it(
    'take operands that are stored as f16',
    async () => {
      const [x, filter] = [whole([1, 4, 3, 5, 8], 1), whole([1, 1, 1, 8, 16], 2)];
      const second = [1, 1, 1, 16, 24];
      const reference = new ReferenceConv([1, 4, 3, 5, 8], [1, 1, 1, 8, 16], attrs(1, none));
      const next = new ReferenceConv([1, 4, 3, 5, 16], second, attrs(1, none));
      const between = Float32Array.from(reference.forward(x, filter));
      const y = await byMatrices(async () => {
        const inputs = { x: tf.tensor(x, reference.x), filter: tf.tensor(filter, reference.filter) };
        const [hidden] = run(KERNELS.Conv3d, inputs, attrs(1, none));
        expect(gpu().isHalf(hidden!)).toBe(true);
        return runOurs(KERNELS.Conv3d, { x: hidden!, filter: tf.tensor(whole(second, 3), second) }, attrs(1, none));
      });
      expect(y[0]).toEqual(Float32Array.from(next.forward(between, whole(second, 3))));
    },
    PATIENCE,
  );

  it(
    'are exact with a tile and matrices of a GPU, whose subgroups lie next to each other as well',
    async () => {
      gpu().matrixUnit = emulated({ M: 16, N: 16, K: 16 });
      const problem = { x: [1, 6, 5, 7, 16], filter: [2, 2, 2, 16, 32], attrs: attrs(1, none) };
      const many = [{ rows: 128, columns: 32, depth: 32, down: 4, across: 2 }];
      const { ours, expected } = await byMatrices(() => convolutions(problem), { matrices: { many, few: many } });
      expect(ours).toEqual(expected);
    },
    PATIENCE,
  );

  it('round what f16 does not hold', async () => {
    const inputs = { a: tf.fill([32, 32], 1 + 2 ** -12), b: tf.fill([32, 16], 1 / 32) };
    const [y] = await byMatrices(() => runOurs('BatchMatMul', inputs, { transposeA: false, transposeB: false }));
    expect(y).toEqual(new Float32Array(32 * 16).fill(1));
  });

  it('show NaN, and leave what is outside alone', async () => {
    const a = whole([33, 16], 1);
    a[32 * 16 + 5] = NaN;
    const inputs = { a: tf.tensor(a, [33, 16]), b: tf.tensor(whole([16, 16], 2), [16, 16]) };
    const [y] = await byMatrices(() => runOurs('BatchMatMul', inputs, { transposeA: false, transposeB: false }));
    expect(y!.map((v) => Number(Number.isNaN(v)))).toEqual(Float32Array.from(y!, (_, i) => Number(i >= 32 * 16)));
  });
});

describeMatrices('Matrices of subgroups', () => {
  beforeAll(() => {
    gpu().matrixUnit = UNIT;
  });
  const chosen = async (work: () => Promise<unknown>) => {
    const changes = { leastDirectGroups: 0, leastDirectFill: 0, leastInner: 1e6 };
    const { shaders } = await withTiles(changes, () => shadersOf(work, true));
    expect(shaders).toHaveLength(1);
    return byMatrix(shaders[0]!) ? 'matrices' : shaders[0]!.key.split(' ')[0];
  };
  const x = (channels: number) => tf.zeros([1, 4, 8, 8, channels]);
  const filter = (ci: number, co: number) => tf.zeros([3, 3, 3, ci, co]);
  const forward = (ci: number, co: number) => () => runOurs(KERNELS.Conv3d, { x: x(ci), filter: filter(ci, co) }, same);
  const inputGrad = (ci: number, co: number) => () =>
    runOurs(KERNELS.Conv3dInputGrad, { dy: x(co), filter: filter(ci, co) }, { ...same, inputShape: [1, 4, 8, 8, ci] });
  const filterGrad = (ci: number, co: number) => () =>
    runOurs(KERNELS.Conv3dFilterGrad, { x: x(ci), dy: x(co) }, { ...same, filterShape: [3, 3, 3, ci, co] });

  it('take the place of the direct convolution where there are enough channels', async () => {
    expect(await chosen(forward(16, 16))).toBe('matrices');
    expect(await chosen(inputGrad(16, 16))).toBe('matrices');
    expect(await chosen(forward(1, 16))).toBe('direct');
    expect(await chosen(forward(16, 2))).toBe('direct');
  });

  it('are not used for the gradients of one channel or of few outputs', async () => {
    expect(await chosen(filterGrad(16, 16))).toBe('matrices');
    expect(await chosen(filterGrad(1, 16))).toBe('product');
    expect(await chosen(filterGrad(16, 2))).toBe('product');
  });

  it('are used only where activations are f16, and the device has room for a tile', async () => {
    gpu().precision = 'f32';
    expect(await chosen(forward(16, 16))).toBe('direct');
    gpu().precision = 'f16';
    gpu().matrixUnit = { ...UNIT, subgroup: 1024 };
    expect(await chosen(forward(16, 16))).toBe('direct');
    gpu().matrixUnit = undefined;
    expect(await chosen(forward(16, 16))).toBe('direct');
  });

  it(
    'give the same sums when they compute them again, close to those of f32',
    async () => {
      const values = Float32Array.from({ length: 4000 }, (_, i) => 2 + Math.sin(i));
      const inputs = () => ({ a: tf.tensor(values, [40, 100]), b: tf.tensor(values, [100, 40]) });
      const product = () => runOurs('BatchMatMul', inputs(), { transposeA: false, transposeB: false });
      const twice = async () => [await product(), await product()];
      const [first, second] = await byMatrices(twice, { leastInner: 16 }, 2);
      expect(second).toEqual(first);
      gpu().matrixUnit = undefined;
      const [y] = await withTiles(tiny, product);
      expect(relativeError(first![0]!, y!)).toBeLessThan(2 ** -10);
      expect(relativeError(first![0]!, y!)).toBeGreaterThan(0);
    },
    PATIENCE,
  );
});
