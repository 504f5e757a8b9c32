import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectRounded, integers, normals, RUNS, runOurs, useWasm } from './harness.js';
import { dtypes, operand, product, shapes } from './operands.js';
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

/** Floats are quarters above 0, which float32 adds exactly: of others the stock kernels' float32 sums are off, most where terms cancel. */
function quarters(shape: number[], dtype: Operand['dtype']): Operand {
  if (dtype !== 'float32') return operand(shape, dtype);
  return { values: Float32Array.from(integers(product(shape), 1, 41), (value) => value / 4), shape, dtype };
}

describe.each([
  ['Sum', 'axis'],
  ['Mean', 'axis'],
  ['Max', 'reductionIndices'],
])('%s', (name, axisName) => {
  it('agrees with the stock kernel over any axes', () => {
    fc.assert(
      fc.property(shapeAndAxes, dtypes, ({ shape, axis, keepDims }, dtype) => {
        expectSameAsStock(name, { x: quarters(shape, dtype) }, { [axisName]: axis, keepDims });
      }),
      RUNS,
    );
  });
});

/** Σ over some axes in float64. */
function naiveSum(x: Float64Array, shape: number[], axis: number[]): Float64Array {
  const kept = shape.map((size, i) => (axis.includes(i) ? 1 : size));
  const sums = new Float64Array(product(kept));
  x.forEach((value, i) => {
    let [rest, at, step] = [i, 0, 1];
    for (let a = shape.length - 1; a >= 0; a--) {
      if (!axis.includes(a)) at += (rest % shape[a]!) * step;
      rest = Math.floor(rest / shape[a]!);
      step *= kept[a]!;
    }
    sums[at]! += value;
  });
  return sums;
}

it('Sum and Mean are those of float64, over any axes', () => {
  fc.assert(
    fc.property(shapeAndAxes, fc.nat(), ({ shape, axis, keepDims }, seed) => {
      const values = normals(product(shape), seed);
      const sums = naiveSum(Float64Array.from(values), shape, axis);
      const sizes = naiveSum(Float64Array.from(values, Math.abs), shape, axis);
      const count = values.length / sums.length;
      const x = tf.tensor(values, shape);
      expectRounded(runOurs('Sum', { x }, { axis, keepDims })[0]!, sums, sizes);
      const [means] = runOurs('Mean', { x }, { axis, keepDims });
      expectRounded(
        means!,
        sums.map((sum) => sum / count),
        sizes.map((sum) => sum / count),
      );
      x.dispose();
    }),
    RUNS,
  );
});

it('ArgMax agrees with the stock kernel along any axis', () => {
  fc.assert(
    fc.property(shapeAndAxes, dtypes, ({ shape, axis }, dtype) => {
      expectSameAsStock('ArgMax', { x: operand(shape, dtype) }, { axis: axis[0] }, { tolerance: 0 });
    }),
    RUNS,
  );
});

describe('shares out tensors of several units', () => {
  it.each<[number[], number[]]>([
    [[200_003], [0]],
    [[3, 70_001], [1]],
    [[70_001, 3], [0]],
    [[70_001, 3], [1]],
    [
      [70_001, 3],
      [0, 1],
    ],
    [[2, 33_001, 3], [1]],
    [
      [5, 7, 33, 201],
      [1, 2],
    ],
    [
      [5, 7, 33, 201],
      [0, 2],
    ],
    [[2, 150_001], [0]],
    [[40, 5003], [0]],
  ])('%j over %j', (shape, axis) => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const x = operand(shape, dtype, 3);
      expectSameAsStock('Sum', { x }, { axis, keepDims: true });
      expectSameAsStock('Mean', { x }, { axis, keepDims: false });
      expectSameAsStock('Max', { x }, { reductionIndices: axis, keepDims: false }, { tolerance: 0 });
      expectSameAsStock('ArgMax', { x }, { axis: axis[0] }, { tolerance: 0 });
    }
  });
});

it('finds a NaN in the last of several units', () => {
  const x = operand([200_003]);
  x.values[200_000] = NaN;
  expectSameAsStock('Max', { x }, { reductionIndices: [0], keepDims: false }, { tolerance: 0 });
  expectSameAsStock('Sum', { x }, { axis: [0], keepDims: false });
});

it('Max and ArgMax treat NaN as the stock kernels', () => {
  const x: Operand = { values: Float32Array.of(1, NaN, 2, NaN, 1, 2, 1, 2, NaN), shape: [3, 3], dtype: 'float32' };
  expectSameAsStock('Max', { x }, { reductionIndices: [1], keepDims: false }, { tolerance: 0 });
  expectSameAsStock('ArgMax', { x }, { axis: 1 }, { tolerance: 0 });
});

it('sums nothing to zero', () => {
  expect(tf.sum(tf.zeros([0, 3]), 0).arraySync()).toEqual([0, 0, 0]);
  expect(tf.sum(tf.zeros([2, 0]), 1).arraySync()).toEqual([0, 0]);
});

it('sums a million floats to the last bit', () => {
  const x = tf.fill([1 << 20], 0.1);
  expect(tf.sum(x).dataSync()[0]).toBe(Math.fround(Math.fround(0.1) * (1 << 20)));
});
