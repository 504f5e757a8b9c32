import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { expectClose, RUNS, runOurs, scoped, useWasm } from './harness.js';
import { dtypes, operand, shapes } from './operands.js';
import { expectSameAsStock } from './stock.js';

beforeAll(useWasm);

it('sums along any axis, from either end, with or without the element itself', () => {
  const cases = shapes(1, 4).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.nat(shape.length - 1),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(cases, dtypes, ({ shape, ...attrs }, dtype) => {
      expectSameAsStock('Cumsum', { x: operand(shape, dtype) }, attrs);
    }),
    RUNS,
  );
});

/** Along the middle axis of [outer, count, inner], in float64: the stock kernel's float32 sums are off in the fourth digit here. */
function naive(x: ArrayLike<number>, sizes: number[], { exclusive, reverse }: Record<string, boolean>): Float64Array {
  const [outer, count, inner] = sizes as [number, number, number];
  const y = new Float64Array(x.length);
  for (let line = 0; line < outer * inner; line++) {
    const start = Math.floor(line / inner) * count * inner + (line % inner);
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const i = start + (reverse ? count - 1 - k : k) * inner;
      y[i] = exclusive ? sum : sum + x[i]!;
      sum += x[i]!;
    }
  }
  return y;
}

it.each([
  [1, 200_003, 1],
  [3, 66_667, 1],
  [1, 66_667, 3],
])('sums parts of several units: the middle of %i, %i, %i', (...sizes) => {
  const [outer, count, inner] = sizes;
  for (const dtype of ['float32', 'int32', 'bool'] as const) {
    const { values } = operand([outer * count * inner], dtype);
    for (const attrs of [
      { exclusive: false, reverse: false },
      { exclusive: true, reverse: false },
      { exclusive: false, reverse: true },
      { exclusive: true, reverse: true },
    ]) {
      const [y] = scoped(() => runOurs('Cumsum', { x: tf.tensor3d(values, sizes, dtype) }, { axis: 1, ...attrs }));
      expectClose(y!, naive(values, sizes, attrs), dtype === 'float32' ? 1e-6 : 0);
    }
  }
});
