import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { RUNS, useWasm } from './harness.js';
import { operand, product } from './operands.js';
import { expectSameAsStock } from './stock.js';

beforeAll(useWasm);

const cases = fc.record({
  input: fc.tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 3, max: 6 }), fc.integer({ min: 3, max: 6 })),
  channels: fc.constantFrom(1, 2, 3, 5, 17),
  filterSize: fc.constantFrom(2, 3),
  strides: fc.constantFrom(1, 2, 3),
  pad: fc.constantFrom('same', 'valid'),
  ties: fc.boolean(),
});

it('pools and sends gradients where the stock kernels do', () => {
  fc.assert(
    fc.property(cases, ({ input, channels, ties, ...rest }) => {
      const attrs = { ...rest, dataFormat: 'NDHWC' };
      const shape = [2, ...input, channels];
      // Integers, so that windows of equal numbers occur: the gradient then goes to the last of them.
      const values = ties ? Float32Array.from(operand(shape, 'int32').values) : operand(shape).values;
      const x = { values, shape, dtype: 'float32' as const };
      expectSameAsStock('MaxPool3D', { x }, attrs, { tolerance: 0 });
      const { filterSize: f, strides: s, pad } = rest;
      const out = input.map((n) => (pad === 'same' ? Math.ceil(n / s) : Math.floor((n - f) / s) + 1));
      if (product(out) === 0) return;
      const dy = operand([2, ...out, channels], 'float32', 3);
      expectSameAsStock('MaxPool3DGrad', { dy, input: x }, attrs);
    }),
    RUNS,
  );
});
