import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from './harness.js';
import { dtypes, operand, shapes } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

const shapeAndAxes = shapes(1, 5).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axis: fc.subarray(
      shape.map((_, i) => i),
      { minLength: 1 },
    ),
    keepDims: fc.boolean(),
  }),
);

describe.each([
  ['Sum', 'axis'],
  ['Mean', 'axis'],
  ['Max', 'reductionIndices'],
])('%s', (name, axisName) => {
  it('agrees with the stock kernel over any axes', async () => {
    await fc.assert(
      fc.asyncProperty(shapeAndAxes, dtypes, async ({ shape, axis, keepDims }, dtype) => {
        await expectSameAsStock(name, { x: operand(shape, dtype) }, { [axisName]: axis, keepDims });
      }),
      { numRuns: 80 },
    );
  });
});

it('ArgMax agrees with the stock kernel along any axis', async () => {
  await fc.assert(
    fc.asyncProperty(shapeAndAxes, dtypes, async ({ shape, axis }, dtype) => {
      await expectSameAsStock('ArgMax', { x: operand(shape, dtype) }, { axis: axis[0] }, { tolerance: 0 });
    }),
    { numRuns: 80 },
  );
});

it('Max and ArgMax treat NaN as the stock kernels', async () => {
  const x: Operand = { values: Float32Array.of(1, NaN, 2, NaN, 1, 2, 1, 2, NaN), shape: [3, 3], dtype: 'float32' };
  await expectSameAsStock('Max', { x }, { reductionIndices: [1], keepDims: false }, { tolerance: 0 });
  await expectSameAsStock('ArgMax', { x }, { axis: 1 }, { tolerance: 0 });
});

it('sums nothing to zero', () => {
  expect(tf.sum(tf.zeros([0, 3]), 0).arraySync()).toEqual([0, 0, 0]);
  expect(tf.sum(tf.zeros([2, 0]), 1).arraySync()).toEqual([0, 0]);
});

it('sums a million floats to the last bit', () => {
  const x = tf.fill([1 << 20], 0.1);
  expect(tf.sum(x).dataSync()[0]).toBe(Math.fround(Math.fround(0.1) * (1 << 20)));
});
