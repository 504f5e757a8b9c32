import { KERNELS, type SparseMatrix, stream, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, normals, runOurs, sizeOf } from '../harness.js';

type Rows = [column: number, weight: number][][];

const identity = (n: number): Rows => Array.from({ length: n }, (_, i) => [[i, 1]]);

/** Rows of none to five weights, or the identity. */
function randomRows(rows: number, columns: number, seed: number, axis: number): Rows {
  const rng = stream(seed, 'matrix', axis);
  if (rows === columns && rng.bernoulli(0.4)) return identity(rows);
  return Array.from({ length: rows }, () =>
    Array.from({ length: rng.integer(6) }, () => [rng.integer(columns), Math.fround(rng.normal())]),
  );
}

function matrixOf(rows: Rows): SparseMatrix {
  const starts = new Int32Array(rows.length + 1);
  rows.forEach(({ length }, i) => {
    starts[i + 1] = starts[i]! + length;
  });
  const entries = rows.flat();
  return {
    starts,
    columns: Int32Array.from(entries, ([column]) => column),
    weights: Float32Array.from(entries, ([, weight]) => weight),
  };
}

/** One axis of [outer, n, inner] multiplied, in float64. */
function along(x: Float64Array, n: number, inner: number, rows: Rows): Float64Array {
  const outer = x.length / n / inner;
  const y = new Float64Array(outer * rows.length * inner);
  for (let o = 0; o < outer; o++)
    rows.forEach((row, i) => {
      for (const [column, weight] of row)
        for (let k = 0; k < inner; k++)
          y[(o * rows.length + i) * inner + k]! += weight * x[(o * n + column) * inner + k]!;
    });
  return y;
}

async function expectResampled(shape: number[], size: Triple, rows: Rows[]) {
  const [, D, H, W, C = 1] = shape as [number, number, number, number, number?];
  const x = normals(sizeOf(shape), 1);
  const resampled = (values: Float64Array, matrices: Rows[]) => {
    const y = along(along(values, D, H * W * C, matrices[0]!), H, W * C, matrices[1]!);
    return along(y, W, C, matrices[2]!);
  };
  const y = resampled(Float64Array.from(x), rows);
  // Terms may cancel: what they are without their signs is what float32 rounds.
  const unsigned = rows.map((matrix) => matrix.map((row) => row.map(([k, w]): [number, number] => [k, Math.abs(w)])));
  const terms = resampled(Float64Array.from(x, Math.abs), unsigned);
  const [actual] = await runOurs(KERNELS.Resample3d, { x: tf.tensor(x, shape) }, { matrices: rows.map(matrixOf) });
  expect(actual!.length).toBe(shape[0]! * sizeOf(size) * C);
  const wrong = y.findIndex((value, i) => !(Math.abs(actual![i]! - value) <= 1e-6 * terms[i]!));
  expect(wrong, `element ${wrong}: ${actual![wrong]} for ${y[wrong]}`).toBe(-1);
}

describeGpu('Resample3d', () => {
  it('multiplies each axis by its matrix', async () => {
    const size = fc.integer({ min: 1, max: 7 });
    const cases = fc.record({
      input: fc.tuple(size, size, size),
      result: fc.tuple(size, size, size),
      channels: fc.constantFrom(undefined, 1, 3, 5, 17, 64),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ input, result, channels, seed }) => {
        const shape = [2, ...input, ...(channels ? [channels] : [])];
        const rows = result.map((m, axis) => randomRows(m, input[axis]!, seed, axis));
        await expectResampled(shape, result, rows);
      }),
      { numRuns: 25, seed: 4 },
    );
  });

  it('does so over many workgroups', async () => {
    const size: Triple = [41, 65, 37];
    const rows = size.map((m, axis) => randomRows(m, [20, 33, 29][axis]!, 5, axis));
    await expectResampled([2, 20, 33, 29], size, rows);
    await expectResampled([1, 20, 33, 29, 4], size, rows);
  });

  it('keeps a volume that nothing moves', async () => {
    await expectResampled([2, 2, 3, 4, 3], [2, 3, 4], [identity(2), identity(3), identity(4)]);
  });
});
