import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CrlnWebGpuBackend } from '../../src/backend.js';
import { registerWebGpuBackend, WEBGPU_BACKEND } from '../../src/index.js';
import { findMatrixUnit, type MatrixUnit } from '../../src/product/matrixUnit.js';
import { missing } from '../adapter.js';
import { describeGpu, normals, relativeError, sizeOf } from '../harness.js';
import { same } from '../reference.js';
import { attrs, convolutions, none, type Problem, pads, products } from './products.js';
import { byMatrix, gpu, shadersOf } from './shaders.js';

/** What this machine's GPU multiplies, or why it does not. */
const unit: MatrixUnit | string = missing ?? (await found());

async function found() {
  await registerWebGpuBackend();
  return findMatrixUnit((tf.findBackend(WEBGPU_BACKEND) as CrlnWebGpuBackend).device);
}

const PROBLEMS: [string, Problem][] = [
  ['16 → 16 channels', { x: [2, 9, 10, 11, 16], filter: [3, 3, 3, 16, 16], attrs: same, bias: true }],
  ['32 → 32 channels', { x: [1, 8, 9, 10, 32], filter: [3, 3, 3, 32, 32], attrs: same, bias: true }],
  ['64 → 64 channels', { x: [1, 6, 6, 5, 64], filter: [3, 3, 3, 64, 64], attrs: same }],
  ['128 → 132 channels', { x: [1, 5, 4, 5, 128], filter: [3, 3, 3, 128, 132], attrs: same }],
  ['few voxels', { x: [1, 4, 4, 3, 64], filter: [3, 3, 3, 64, 32], attrs: same }],
  ['half the size', { x: [1, 12, 10, 8, 32], filter: [2, 2, 2, 32, 64], attrs: attrs(2, none), bias: true }],
  ['odd channels', { x: [1, 9, 8, 7, 33], filter: [2, 3, 1, 33, 35], attrs: attrs(2, pads(1, 0, 0, 2, 1, 1)) }],
  ['a pointwise filter', { x: [1, 8, 9, 10, 32], filter: [1, 1, 1, 32, 64], attrs: attrs(1, none) }],
];

const onHardware = (body: () => void): void => {
  const title = 'This GPU multiplies by matrices of subgroups';
  if (typeof unit === 'string') describe.skip(`${title} (skipped: ${unit})`, body);
  else describeGpu(`${title}, ${unit.M}×${unit.N}×${unit.K}, dialect ${unit.dialect.key}`, body);
};

onHardware(() => {
  beforeAll(() => {
    gpu().precision = 'f16';
  });
  afterAll(() => {
    gpu().precision = 'f32';
  });

  it('is set up to by itself', () => {
    expect(gpu().matrixUnit).toEqual(unit);
  });

  it.each(PROBLEMS)('exactly where f16 holds the numbers, a convolution: %s', async (_, problem) => {
    const { shaders, result } = await shadersOf(() => convolutions(problem));
    expect(shaders.filter(byMatrix)).toHaveLength(3);
    expect(result.ours).toEqual(result.expected);
  });

  it.each(PROBLEMS)('as closely as f16 allows, a convolution: %s', async (_, problem) => {
    const values = (shape: readonly number[], seed: number) => normals(sizeOf(shape), seed);
    const { ours, expected } = await convolutions(problem, values);
    ours.forEach((y, i) => {
      expect(relativeError(y, expected[i]!)).toBeLessThan(2 ** -9);
    });
  });

  it.each([
    [40, 36, 20],
    [130, 70, 17],
    [65, 1000, 260],
  ])('exactly where f16 holds the numbers, %i×%i by %i columns, stored either way', async (m, k, n) => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const { ours, expected } = await products({ shape: [m, k, n], transposeA, transposeB });
        expect(ours).toEqual(expected);
      }
  });
});
