import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { useWasm } from './harness.js';
import { dtypes, operand, shapes } from './operands.js';
import { expectSameAsStock } from './stock.js';

beforeAll(useWasm);

it('sums along any axis, from either end, with or without the element itself', async () => {
  const cases = shapes(1, 4).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.nat(shape.length - 1),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(cases, dtypes, async ({ shape, ...attrs }, dtype) => {
      await expectSameAsStock('Cumsum', { x: operand(shape, dtype) }, attrs);
    }),
    { numRuns: 80 },
  );
});
