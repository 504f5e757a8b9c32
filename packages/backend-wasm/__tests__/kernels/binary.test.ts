import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from './harness.js';
import { broadcastShapes, dtypes, operand } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

const arithmetic = ['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'];
const comparisons = ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'];

describe.each([...arithmetic, ...comparisons])('%s', (name) => {
  it('gives the stock kernel’s bits however the operands broadcast', async () => {
    await fc.assert(
      fc.asyncProperty(broadcastShapes, dtypes, dtypes, async ([a, b], aType, bType) => {
        await expectSameAsStock(name, { a: operand(a, aType, 1), b: operand(b, bType, 2) }, {}, { tolerance: 0 });
      }),
      { numRuns: 40 },
    );
  });
});

it.each(['LogicalAnd', 'LogicalOr'])('%s gives the stock kernel’s bits', async (name) => {
  await fc.assert(
    fc.asyncProperty(broadcastShapes, async ([a, b]) => {
      await expectSameAsStock(name, { a: operand(a, 'bool', 1), b: operand(b, 'bool', 2) }, {}, { tolerance: 0 });
    }),
    { numRuns: 40 },
  );
});

describe('shares out tensors of several units', () => {
  it.each([
    [[200_003], [200_003]],
    [[66_667, 3], []],
    [[], [66_667, 3]],
    [[1], [2, 100_001]],
    [[66_667, 3], [3]],
    [
      [40_003, 5],
      [40_003, 1],
    ],
    [
      [2, 1, 1, 17],
      [2, 80, 80, 17],
    ],
    [
      [1, 99, 1100],
      [2, 99, 1100],
    ],
    [
      [3, 1100, 1],
      [1, 61],
    ],
  ])('%j and %j', async (a, b) => {
    for (const [name, dtype] of [['Sub', 'float32'] as const, ['Less', 'int32'] as const]) {
      await expectSameAsStock(name, { a: operand(a, dtype, 1), b: operand(b, dtype, 2) }, {}, { tolerance: 0 });
    }
  });
});

it.each(['LogicalAnd', 'LogicalOr'])('%s shares out tensors of several units', (name) =>
  expectSameAsStock(name, { a: operand([200_003], 'bool', 1), b: operand([200_003], 'bool', 2) }, {}, { tolerance: 0 }),
);

it.each([...arithmetic, ...comparisons])('%s treats NaN, infinities and zeros as the stock kernel', async (name) => {
  const special = [NaN, Infinity, -Infinity, 0, -0, 1];
  const a: Operand = { values: Float32Array.from(special), shape: [6, 1], dtype: 'float32' };
  const b: Operand = { values: Float32Array.from(special), shape: [6], dtype: 'float32' };
  await expectSameAsStock(name, { a, b }, {}, { tolerance: 0 });
});

it('refuses shapes that do not broadcast', async () => {
  const inputs = { a: operand([2, 3]), b: operand([4]) };
  await expect(expectSameAsStock('Add', inputs)).rejects.toThrow(/broadcast/i);
});

it('AddN sums tensors of one shape', async () => {
  const terms = [1, 2, 3].map((seed) => operand([3, 5, 2], 'float32', seed));
  await expectSameAsStock('AddN', terms);
  await expectSameAsStock('AddN', terms.slice(0, 1));
  await expectSameAsStock(
    'AddN',
    [1, 2, 3].map((seed) => operand([3, 66_667], 'float32', seed)),
  );
  await expectSameAsStock('AddN', [operand([4], 'int32', 1), operand([4], 'int32', 2)], {}, { ours: false });
});
