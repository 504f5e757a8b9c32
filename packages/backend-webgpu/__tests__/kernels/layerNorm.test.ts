import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, normals, relativeError, run, runOurs } from '../harness.js';

const epsilon = 1e-5;

/** Forward and backward as the formulas say it, in float64; backward of the statistics as they were saved. */
function reference(x: Float32Array, dy: Float32Array, gamma: Float32Array, beta: Float32Array) {
  const width = gamma.length;
  const rows = x.length / width;
  const [y, dx] = [new Float64Array(x.length), new Float64Array(x.length)];
  const [mean, rstd] = [new Float64Array(rows), new Float64Array(rows)];
  const [dgamma, dbeta] = [new Float64Array(width), new Float64Array(width)];
  for (let r = 0; r < rows; r++) {
    const at = (c: number) => r * width + c;
    for (let c = 0; c < width; c++) mean[r]! += x[at(c)]! / width;
    let variance = 0;
    for (let c = 0; c < width; c++) variance += (x[at(c)]! - mean[r]!) ** 2 / width;
    rstd[r] = 1 / Math.sqrt(variance + epsilon);
    const n = (c: number) => (x[at(c)]! - mean[r]!) * rstd[r]!;
    let [sum, product] = [0, 0];
    for (let c = 0; c < width; c++) {
      y[at(c)] = n(c) * gamma[c]! + beta[c]!;
      const h = dy[at(c)]! * gamma[c]!;
      sum += h / width;
      product += (h * n(c)) / width;
      dgamma[c]! += dy[at(c)]! * n(c);
      dbeta[c]! += dy[at(c)]!;
    }
    for (let c = 0; c < width; c++) dx[at(c)] = rstd[r]! * (dy[at(c)]! * gamma[c]! - sum - n(c) * product);
  }
  return { y, mean, rstd, dx, dgamma, dbeta };
}

describeGpu('LayerNorm and LayerNormGrad', () => {
  it.each([
    [3, 3],
    [7, 5],
    [5, 17],
    [3, 64],
    [1, 8],
    [45_000, 3],
    [8000, 17],
    [1201, 256],
    [6, 10_001],
    [3, 40_000],
  ])('equal the formulas: %i rows of %i', async (rows, width) => {
    const [x, dy] = [normals(rows * width, 1, 2, 1), normals(rows * width, 2)];
    const [gamma, beta] = [normals(width, 3), normals(width, 4)];
    const expected = reference(x, dy, gamma, beta);
    const given = { x: tf.tensor2d(x, [rows, width]), gamma: tf.tensor1d(gamma) };
    const [y, mean, rstd] = run(KERNELS.LayerNorm, { ...given, beta: tf.tensor1d(beta) }, { epsilon });
    const inputs = { ...given, dy: tf.tensor2d(dy, [rows, width]), mean: mean!, rstd: rstd! };
    const [dx, dgamma, dbeta] = run(KERNELS.LayerNormGrad, inputs);
    for (const [name, tensor] of Object.entries({ y, mean, rstd, dx, dgamma, dbeta })) {
      const error = relativeError(await tensor!.data(), expected[name as keyof typeof expected]);
      expect(error, name).toBeLessThan(1e-5);
    }
    tf.dispose([inputs, y!, dx!, dgamma!, dbeta!]);
  });

  it('normalises a row right whose mean is a thousand times its deviation', async () => {
    const x = normals(257, 1, 1, 1000);
    const [ones, zeros] = [new Float32Array(257).fill(1), new Float32Array(257)];
    const inputs = { x: tf.tensor2d(x, [1, 257]), gamma: tf.tensor1d(ones), beta: tf.tensor1d(zeros) };
    const [y] = await runOurs(KERNELS.LayerNorm, inputs, { epsilon });
    expectClose(y!, reference(x, zeros, ones, zeros).y, 1e-6);
  });

  it('are finite, forward and backward, on a constant row and on rows of one', async () => {
    for (const width of [7, 1]) {
      const fill = (value: number) => tf.tensor1d(new Float32Array(width).fill(value));
      const row = (value: number) => tf.tensor2d(new Float32Array(width).fill(value), [1, width]);
      const [x, gamma] = [row(0.1), fill(1)];
      const [y, mean, rstd] = run(KERNELS.LayerNorm, { x, gamma, beta: fill(0) }, { epsilon });
      expect([...(await y!.data())]).toEqual(new Array(width).fill(0));
      expectClose(await rstd!.data(), [1 / Math.sqrt(epsilon)]);
      const [dx] = await runOurs(KERNELS.LayerNormGrad, { dy: row(1), x, gamma, mean: mean!, rstd: rstd! });
      expect([...dx!].map(Math.abs)).toEqual(new Array(width).fill(0));
    }
  });

  it('keeps a NaN in its row', async () => {
    const x = normals(35, 5);
    x[16] = NaN;
    const [ones, zeros] = [tf.tensor1d(new Float32Array(7).fill(1)), tf.tensor1d(new Float32Array(7))];
    const inputs = { x: tf.tensor2d(x, [5, 7]), gamma: ones, beta: zeros };
    const [y, mean] = await runOurs(KERNELS.LayerNorm, inputs, { epsilon });
    expect([...mean!].map(Number.isNaN)).toEqual([false, false, true, false, false]);
    expect([...y!].map(Number.isNaN)).toEqual(Array.from(y!, (_, i) => Math.floor(i / 7) === 2));
  });

  it('takes no rows', async () => {
    const [ones, zeros] = [tf.tensor1d([1, 1, 1]), tf.tensor1d([0, 0, 0])];
    const inputs = { x: tf.tensor2d([], [0, 3]), gamma: ones, beta: zeros };
    const [y, mean] = await runOurs(KERNELS.LayerNorm, inputs, { epsilon });
    expect([y!.length, mean!.length]).toEqual([0, 0]);
  });
});
