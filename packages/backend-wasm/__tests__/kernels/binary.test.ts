import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { RUNS, useWasm } from './harness.js';
import { broadcastShapes, dtypes, operand, shapes } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

const arithmetic = ['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'];
const comparisons = ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'];

describe.each([...arithmetic, ...comparisons])('%s', (name) => {
  it('gives the stock kernel’s bits however the operands broadcast', () => {
    fc.assert(
      fc.property(broadcastShapes, dtypes, dtypes, ([a, b], aType, bType) => {
        expectSameAsStock(name, { a: operand(a, aType, 1), b: operand(b, bType, 2) }, {}, { tolerance: 0 });
      }),
      RUNS,
    );
  });
});

it.each(['LogicalAnd', 'LogicalOr'])('%s gives the stock kernel’s bits', (name) => {
  fc.assert(
    fc.property(broadcastShapes, ([a, b]) => {
      expectSameAsStock(name, { a: operand(a, 'bool', 1), b: operand(b, 'bool', 2) }, {}, { tolerance: 0 });
    }),
    RUNS,
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
  ])('%j and %j', (a, b) => {
    for (const [name, dtype] of [['Sub', 'float32'] as const, ['Less', 'int32'] as const]) {
      expectSameAsStock(name, { a: operand(a, dtype, 1), b: operand(b, dtype, 2) }, {}, { tolerance: 0 });
    }
  });
});

it.each(['LogicalAnd', 'LogicalOr'])('%s shares out tensors of several units', (name) =>
  expectSameAsStock(name, { a: operand([200_003], 'bool', 1), b: operand([200_003], 'bool', 2) }, {}, { tolerance: 0 }),
);

it.each([...arithmetic, ...comparisons])('%s treats NaN, infinities and zeros as the stock kernel', (name) => {
  const special = [NaN, Infinity, -Infinity, 0, -0, 1];
  const a: Operand = { values: Float32Array.from(special), shape: [6, 1], dtype: 'float32' };
  const b: Operand = { values: Float32Array.from(special), shape: [6], dtype: 'float32' };
  expectSameAsStock(name, { a, b }, {}, { tolerance: 0 });
});

it('refuses shapes that do not broadcast', () => {
  const inputs = { a: operand([2, 3]), b: operand([4]) };
  expect(() => expectSameAsStock('Add', inputs)).toThrow(/broadcast/i);
});

it('AddN sums tensors of one shape', () => {
  fc.assert(
    fc.property(shapes(0, 5), fc.integer({ min: 1, max: 4 }), (shape, count) => {
      expectSameAsStock(
        'AddN',
        Array.from({ length: count }, (_, seed) => operand(shape, 'float32', seed)),
      );
    }),
    RUNS,
  );
  const terms = [1, 2, 3].map((seed) => operand([3, 5, 2], 'float32', seed));
  expectSameAsStock('AddN', terms);
  expectSameAsStock('AddN', terms.slice(0, 1));
  expectSameAsStock(
    'AddN',
    [1, 2, 3].map((seed) => operand([3, 66_667], 'float32', seed)),
  );
  expectSameAsStock('AddN', [operand([4], 'int32', 1), operand([4], 'int32', 2)], {}, { ours: false });
});
