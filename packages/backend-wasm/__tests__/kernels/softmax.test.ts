import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { useWasm } from './harness.js';
import { operand, shapes } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

it('agrees with the stock kernel on the last axis', async () => {
  await fc.assert(
    fc.asyncProperty(shapes(1, 5), fc.boolean(), async (shape, negative) => {
      await expectSameAsStock('Softmax', { logits: operand(shape) }, { dim: negative ? -1 : shape.length - 1 });
    }),
    { numRuns: 60 },
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

it.each([2, 3])('stays finite for large logits of %i classes', async (classes) => {
  const logits: Operand = { values: new Float32Array(3 * classes), shape: [3, classes], dtype: 'float32' };
  logits.values.set([1000, 999, -1000, 1000, 0, 1000].slice(0, 3 * classes));
  await expectSameAsStock('Softmax', { logits }, { dim: -1 });
});

it('refuses an axis that is not the last, as the stock kernel', async () => {
  const run = expectSameAsStock('Softmax', { logits: operand([2, 3]) }, { dim: 0 });
  await expect(run).rejects.toThrow(/non-last dimension/);
});
