import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, normals, runOurs, useWasm } from './harness.js';
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
