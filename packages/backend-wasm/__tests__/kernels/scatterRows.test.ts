import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { expectClose, expectRounded, integers, normals, RUNS, runOurs, scoped, useWasm } from './harness.js';

beforeAll(useWasm);

it.each([1, 2, 3, 17])('adds rows of %i where they belong, duplicates summed', (width) => {
  const indices = [3, 0, 3, 4];
  const values = normals(4 * width, 1);
  const inputs = { values: tf.tensor2d(values, [4, width]), indices: tf.tensor1d(indices, 'int32') };
  const [out] = runOurs(KERNELS.ScatterRows, inputs, { rows: 6 });
  const expected = new Float64Array(6 * width);
  values.forEach((value, i) => {
    expected[indices[Math.floor(i / width)]! * width + (i % width)]! += value;
  });
  expectClose(out!, expected);
});

it('does so for any number of rows, among as many or as few', () => {
  const cases = fc.record({
    count: fc.integer({ min: 1, max: 60 }),
    rows: fc.integer({ min: 1, max: 90 }),
    width: fc.constantFrom(1, 3, 5, 16, 17),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ count, rows, width, seed }) => {
      const indices = integers(count, 0, rows, seed);
      const values = normals(count * width, seed);
      const inputs = { values: tf.tensor2d(values, [count, width]), indices: tf.tensor1d(indices, 'int32') };
      const [out] = runOurs(KERNELS.ScatterRows, inputs, { rows });
      const [expected, sizes] = [new Float64Array(rows * width), new Float64Array(rows * width)];
      values.forEach((value, i) => {
        const at = indices[Math.floor(i / width)]! * width + (i % width);
        expected[at]! += value;
        sizes[at]! += Math.abs(value);
      });
      expectRounded(out!, expected, sizes);
      tf.dispose(inputs);
    }),
    RUNS,
  );
});

it('refuses an index outside the rows', () => {
  const inputs = { values: tf.ones([1, 2]), indices: tf.tensor1d([6], 'int32') };
  expect(() => runOurs(KERNELS.ScatterRows, inputs, { rows: 6 })).toThrow(/indices\[0\] is 6, expected 0 to 5/);
});

it.each([
  [300, 40_000, 5],
  [20_000, 20_000, 8],
  [50_000, 70_001, 1],
])('scatters %i rows among %i of width %i', (count, rows, width) => {
  const indices = integers(count, 0, rows, 1);
  const values = normals(count * width, 2);
  const inputs = { values: tf.tensor2d(values, [count, width]), indices: tf.tensor1d(indices, 'int32') };
  const [out] = scoped(() => runOurs(KERNELS.ScatterRows, inputs, { rows }));
  const expected = new Float64Array(rows * width);
  values.forEach((value, i) => {
    expected[indices[Math.floor(i / width)]! * width + (i % width)]! += value;
  });
  expectClose(out!, expected);
});
