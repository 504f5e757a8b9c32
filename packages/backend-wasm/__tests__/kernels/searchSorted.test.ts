import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { integers, RUNS, useWasm } from './harness.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

it.each(['left', 'right'])('finds where values belong, %s of equal ones, as the stock kernel', (side) => {
  const rows = fc.integer({ min: 1, max: 17 }).chain((width) =>
    fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 3,
    }),
  );
  fc.assert(
    fc.property(rows, (lists) => {
      const sorted = lists.map((list) => [...list].sort((a, b) => a - b));
      const sortedSequence: Operand = {
        values: Int32Array.from(sorted.flat()),
        shape: [sorted.length, sorted[0]!.length],
        dtype: 'int32',
      };
      const wanted = lists.map(() => [-1, 0, 2, 3, 4, 9, 10, 11]);
      const values: Operand = { values: Int32Array.from(wanted.flat()), shape: [lists.length, 8], dtype: 'int32' };
      expectSameAsStock('SearchSorted', { sortedSequence, values }, { side }, { tolerance: 0 });
    }),
    RUNS,
  );
});

it('shares out many values', () => {
  const sorted = integers(2 * 70_001, 0, 90_000).map((value, i) => (i < 70_001 ? value : value - 45_000));
  for (const row of [0, 1]) sorted.subarray(row * 70_001, (row + 1) * 70_001).sort();
  const sortedSequence: Operand = { values: sorted, shape: [2, 70_001], dtype: 'int32' };
  const values: Operand = { values: integers(2 * 150_001, -50_000, 95_000, 1), shape: [2, 150_001], dtype: 'int32' };
  expectSameAsStock('SearchSorted', { sortedSequence, values }, { side: 'right' }, { tolerance: 0 });
});

it('leaves floats, and rows too wide apart for a table, to the stock kernel', () => {
  const values: Operand = { values: Int32Array.of(5, 1e9), shape: [1, 2], dtype: 'int32' };
  const wide: Operand = { values: Int32Array.of(-1e9, 5, 1e9), shape: [1, 3], dtype: 'int32' };
  const attrs = { side: 'left' };
  expectSameAsStock('SearchSorted', { sortedSequence: wide, values }, attrs, { tolerance: 0, ours: false });
  const floats: Operand = { values: Float32Array.of(0.5, 1.5), shape: [1, 2], dtype: 'float32' };
  expectSameAsStock('SearchSorted', { sortedSequence: floats, values: floats }, attrs, { ours: false });
});
