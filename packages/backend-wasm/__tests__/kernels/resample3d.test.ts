import { KERNELS, type SparseMatrix, stream, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { expectRounded, normals, RUNS, runOurs, useWasm } from './harness.js';
import { product } from './operands.js';

beforeAll(useWasm);

type Rows = [column: number, weight: number][][];

/** Rows of none to five weights, or the identity. */
function randomRows(rows: number, columns: number, seed: number, axis: number): Rows {
  const rng = stream(seed, 'matrix', axis);
  if (rows === columns && rng.bernoulli(0.4)) return Array.from({ length: rows }, (_, i) => [[i, 1]]);
  const single = rng.bernoulli(0.2);
  return Array.from({ length: rows }, () =>
    Array.from({ length: single ? 1 : rng.integer(6) }, () => [
      rng.integer(columns),
      single ? 1 : Math.fround(rng.normal()),
    ]),
  );
}

function matrixOf(rows: Rows): SparseMatrix {
  let end = 0;
  const starts = Int32Array.from([0, ...rows.map(({ length }) => (end += length))]);
  const entries = rows.flat();
  return {
    starts,
    columns: Int32Array.from(entries, ([column]) => column),
    weights: Float32Array.from(entries, ([, weight]) => weight),
  };
}

/** One axis of [outer, n, inner] multiplied, in float64. */
function along(x: Float64Array, outer: number, n: number, inner: number, rows: Rows): Float64Array {
  const y = new Float64Array(outer * rows.length * inner);
  for (let o = 0; o < outer; o++)
    rows.forEach((row, i) => {
      for (const [column, weight] of row)
        for (let k = 0; k < inner; k++)
          y[(o * rows.length + i) * inner + k]! += weight * x[(o * n + column) * inner + k]!;
    });
  return y;
}

function expectResampled(shape: number[], size: Triple, seed: number) {
  const [batch, D, H, W, C = 1] = shape as [number, number, number, number, number?];
  const rows = size.map((m, axis) => randomRows(m, shape[axis + 1]!, seed, axis));
  const x = normals(product(shape), seed);
  const resampled = (values: Float64Array, matrices: Rows[]) => {
    let y = along(values, batch, D, H * W * C, matrices[0]!);
    y = along(y, batch * size[0], H, W * C, matrices[1]!);
    return along(y, batch * size[0] * size[1], W, C, matrices[2]!);
  };
  const y = resampled(Float64Array.from(x), rows);
  const unsigned = rows.map((matrix) => matrix.map((row) => row.map(([k, w]) => [k, Math.abs(w)] as [number, number])));
  const terms = resampled(Float64Array.from(x, Math.abs), unsigned);
  tf.tidy(() => {
    const attrs = { matrices: rows.map(matrixOf) };
    const [actual] = runOurs(KERNELS.Resample3d, { x: tf.tensor(x, shape) }, attrs);
    expectRounded(actual!, y, terms);
  });
}

const size = fc.integer({ min: 1, max: 7 });

it('multiplies each axis by its matrix', () => {
  const cases = fc.record({
    input: fc.tuple(size, size, size),
    result: fc.tuple(size, size, size),
    channels: fc.constantFrom(undefined, 1, 3, 5, 17),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ input, result, channels, seed }) => {
      expectResampled([2, ...input, ...(channels ? [channels] : [])], result, seed);
    }),
    RUNS,
  );
});

it.each([
  { shape: [2, 20, 33, 29], size: [41, 65, 37] },
  { shape: [2, 20, 13, 29, 5], size: [21, 25, 57] },
  { shape: [1, 12, 40, 23, 17], size: [24, 40, 23] },
] as { shape: number[]; size: Triple }[])(
  'does so for volumes that threads share: $shape to $size',
  ({ shape, size }) => {
    for (const seed of [1, 2, 3]) expectResampled(shape, size, seed);
  },
);
