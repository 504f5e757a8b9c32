import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../reference.js';
import { expectClose, normals, RUNS, runOurs, useWasm } from './harness.js';
import { slopes } from './slopes.js';

beforeAll(useWasm);
const epsilon = 1e-5;

function naive(x: ArrayLike<number>, gamma: ArrayLike<number>, beta: ArrayLike<number>) {
  const width = gamma.length;
  const rows = x.length / width;
  const y = new Float64Array(x.length);
  const mean = new Float64Array(rows);
  const rstd = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: width }, (_, c) => x[r * width + c]!);
    const m = row.reduce((a, b) => a + b, 0) / width;
    const s = 1 / Math.sqrt(row.reduce((a, b) => a + (b - m) ** 2, 0) / width + epsilon);
    mean[r] = m;
    rstd[r] = s;
    for (let c = 0; c < width; c++) y[r * width + c] = (row[c]! - m) * s * gamma[c]! + beta[c]!;
  }
  return { y, mean, rstd };
}

/** The gradient as the formula says it, in float64, of the float32 statistics that the kernel gets. */
function naiveGrad({ dy, x, gamma, mean, rstd }: Record<'dy' | 'x' | 'gamma' | 'mean' | 'rstd', Float32Array>) {
  const width = gamma.length;
  const dx = new Float64Array(x.length);
  const [dgamma, dbeta] = [new Float64Array(width), new Float64Array(width)];
  for (let r = 0; r < mean.length; r++) {
    const n = Array.from({ length: width }, (_, c) => (x[r * width + c]! - mean[r]!) * rstd[r]!);
    const h = n.map((_, c) => dy[r * width + c]! * gamma[c]!);
    const sum = h.reduce((a, b) => a + b, 0) / width;
    const product = h.reduce((a, b, c) => a + b * n[c]!, 0) / width;
    n.forEach((value, c) => {
      dx[r * width + c] = rstd[r]! * (h[c]! - sum - value * product);
      dgamma[c]! += dy[r * width + c]! * value;
      dbeta[c]! += dy[r * width + c]!;
    });
  }
  return { dx, dgamma, dbeta };
}

it('equals the formula in float64 for any number of rows and any width, with its gradient', () => {
  const cases = fc.record({
    rows: fc.integer({ min: 1, max: 40 }),
    width: fc.constantFrom(1, 2, 3, 4, 5, 8, 17, 33),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ rows, width, seed }) => {
      const [x, dy] = [normals(rows * width, seed, 2, 1), normals(rows * width, seed + 1)];
      const [gamma, beta] = [normals(width, seed + 2), normals(width, seed + 3)];
      tf.tidy(() => {
        const tensors = { x: tf.tensor2d(x, [rows, width]), gamma: tf.tensor1d(gamma) };
        const [y, mean, rstd] = runOurs(KERNELS.LayerNorm, { ...tensors, beta: tf.tensor1d(beta) }, { epsilon }) as [
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        const expected = naive(x, gamma, beta);
        const saved = { mean: tf.tensor1d(mean), rstd: tf.tensor1d(rstd) };
        const given = { dy: tf.tensor2d(dy, [rows, width]), ...tensors, ...saved };
        const [dx, dgamma, dbeta] = runOurs(KERNELS.LayerNormGrad, given);
        const gradient = naiveGrad({ dy, x, gamma, mean, rstd });
        const errors = {
          y: relativeError(y, expected.y),
          mean: relativeError(mean, expected.mean),
          rstd: relativeError(rstd, expected.rstd),
          dx: relativeError(dx!, gradient.dx),
          dgamma: relativeError(dgamma!, gradient.dgamma),
          dbeta: relativeError(dbeta!, gradient.dbeta),
        };
        for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-5);
      });
    }),
    RUNS,
  );
});

describe.each([2, 3, 5, 17, 64])('rows of %i', (width) => {
  const rows = 3;
  const x = normals(rows * width, 1, 2, 1);
  const gamma = normals(width, 2);
  const beta = normals(width, 3);
  const expected = naive(x, gamma, beta);

  it('normalises each row', () => {
    const inputs = { x: tf.tensor2d(x, [rows, width]), gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) };
    const [y, mean, rstd] = runOurs(KERNELS.LayerNorm, inputs, { epsilon });
    expectClose(y!, expected.y);
    expectClose(mean!, expected.mean);
    expectClose(rstd!, expected.rstd);
  });

  it('has the slopes of the formula as its gradient', () => {
    const dy = normals(rows * width, 4);
    const [dx, dgamma, dbeta] = runOurs(KERNELS.LayerNormGrad, {
      dy: tf.tensor2d(dy, [rows, width]),
      x: tf.tensor2d(x, [rows, width]),
      gamma: tf.tensor1d(gamma),
      mean: tf.tensor1d(Float32Array.from(expected.mean)),
      rstd: tf.tensor1d(Float32Array.from(expected.rstd)),
    });
    const loss = (xs: ArrayLike<number>, g: ArrayLike<number>, b: ArrayLike<number>) =>
      naive(xs, g, b).y.reduce((sum, value, i) => sum + value * dy[i]!, 0);
    const byX = slopes(x, (v) => loss(v, gamma, beta));
    const byGamma = slopes(gamma, (v) => loss(x, v, beta));
    const byBeta = slopes(beta, (v) => loss(x, gamma, v));
    expectClose(dx!, byX, 2e-4);
    expectClose(dgamma!, byGamma, 2e-4);
    expectClose(dbeta!, byBeta, 2e-4);
  });
});

it('is finite, forward and backward, on a constant row', () => {
  const x = tf.fill([1, 7], 0.1);
  const [gamma, beta, dy] = [tf.ones([7]), tf.zeros([7]), tf.ones([1, 7])];
  const [y, mean, rstd] = runOurs(KERNELS.LayerNorm, { x, gamma, beta }, { epsilon });
  expectClose(y!, new Float32Array(7));
  expectClose(rstd!, [1 / Math.sqrt(epsilon)]);
  const saved = { mean: tf.tensor1d(mean!), rstd: tf.tensor1d(rstd!) };
  const [dx] = runOurs(KERNELS.LayerNormGrad, { dy, x, gamma, ...saved });
  expect(dx!.every(Number.isFinite)).toBe(true);
});

// More than two units of rows
it.each([
  [45_000, 3],
  [8000, 17],
  [600, 256],
])('shares many units: %i rows of %i', (rows, width) => {
  const [x, dy] = [normals(rows * width, 1, 2, 1), normals(rows * width, 2)];
  const [gamma, beta] = [normals(width, 3), normals(width, 4)];
  const expected = naive(x, gamma, beta);
  const tensors = { x: tf.tensor2d(x, [rows, width]), gamma: tf.tensor1d(gamma) };
  const [y, mean, rstd] = runOurs(KERNELS.LayerNorm, { ...tensors, beta: tf.tensor1d(beta) }, { epsilon });
  expectClose(y!, expected.y);
  expectClose(mean!, expected.mean);
  expectClose(rstd!, expected.rstd);
  const saved = { mean: tf.tensor1d(mean!), rstd: tf.tensor1d(rstd!) };
  const [dx, dgamma, dbeta] = runOurs(KERNELS.LayerNormGrad, {
    dy: tf.tensor2d(dy, [rows, width]),
    ...tensors,
    ...saved,
  });
  const { dx: gradient, dgamma: byGamma, dbeta: byBeta } = naiveGrad({ dy, x, gamma, mean: mean!, rstd: rstd! });
  expectClose(dx!, gradient);
  expectClose(dgamma!, byGamma);
  expectClose(dbeta!, byBeta);
});

it('keeps a NaN in its row', () => {
  const x = normals(35, 5);
  x[16] = NaN;
  const inputs = { x: tf.tensor2d(x, [5, 7]), gamma: tf.ones([7]), beta: tf.zeros([7]) };
  const [y, mean] = runOurs(KERNELS.LayerNorm, inputs, { epsilon });
  expect([...mean!].map(Number.isNaN)).toEqual([false, false, true, false, false]);
  expect([...y!].map(Number.isNaN)).toEqual(Array.from(y!, (_, i) => Math.floor(i / 7) === 2));
});
