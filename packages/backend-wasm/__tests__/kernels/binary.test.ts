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
  await expectSameAsStock('AddN', [operand([4], 'int32', 1), operand([4], 'int32', 2)], {}, { ours: false });
});
