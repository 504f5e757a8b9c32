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
});

it('pools and sends gradients where the stock kernels do', () => {
  fc.assert(
    fc.property(cases, ({ input, channels, ...rest }) => {
      const attrs = { ...rest, dataFormat: 'NDHWC' };
      const shape = [2, ...input, channels];
      const x = operand(shape);
      expectSameAsStock('MaxPool3D', { x }, attrs, { tolerance: 0 });
      const { filterSize: f, strides: s, pad } = rest;
      const out = input.map((n) => (pad === 'same' ? Math.ceil(n / s) : Math.floor((n - f) / s) + 1));
      if (product(out) === 0) return;
      // integers, so that windows of equal numbers occur: the gradient then goes to the last of them
      const ties = { ...operand(shape, 'int32'), dtype: 'float32' as const };
      for (const input of [x, { ...ties, values: Float32Array.from(ties.values) }]) {
        expectSameAsStock('MaxPool3DGrad', { dy: operand([2, ...out, channels], 'float32', 3), input }, attrs);
      }
    }),
    RUNS,
  );
});
