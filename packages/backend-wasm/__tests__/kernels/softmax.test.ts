import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { RUNS, useWasm } from './harness.js';
import { operand, shapes } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

it('agrees with the stock kernel on the last axis', () => {
  fc.assert(
    fc.property(shapes(1, 5), fc.boolean(), (shape, negative) => {
      expectSameAsStock('Softmax', { logits: operand(shape) }, { dim: negative ? -1 : shape.length - 1 });
    }),
    RUNS,
  );
});

it.each([
  [70_001, 2],
  [30_001, 5],
  [10_001, 13],
  [33, 5003],
])('shares out rows of several units: %i of %i', (rows, width) =>
  expectSameAsStock('Softmax', { logits: operand([rows, width]) }, { dim: -1 }, { tolerance: 1e-6 }),
);

it.each([2, 3])('stays finite for large logits of %i classes', (classes) => {
  const logits: Operand = { values: new Float32Array(3 * classes), shape: [3, classes], dtype: 'float32' };
  logits.values.set([1000, 999, -1000, 1000, 0, 1000].slice(0, 3 * classes));
  expectSameAsStock('Softmax', { logits }, { dim: -1 });
});

it('refuses an axis that is not the last, as the stock kernel', () => {
  const run = () => expectSameAsStock('Softmax', { logits: operand([2, 3]) }, { dim: 0 });
  expect(run).toThrow(/non-last dimension/);
});
