import { KERNELS, type NormAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, normals, relativeError, run, runOurs, sizeOf } from '../harness.js';

interface Case {
  shape: readonly number[];
  over: NormAttrs['over'];
  relu: boolean;
  affine: boolean;
}

const epsilon = 1e-5;

/** Forward and backward as the formulas say it, in float64. */
function reference(x: ArrayLike<number>, dy: ArrayLike<number>, test: Case, gamma: Float32Array, beta: Float32Array) {
  const { shape, over, relu } = test;
  const channels = shape.at(-1)!;
  const groups = over === 'instance' ? shape[0]! : 1;
  const voxels = x.length / groups / channels;
  const [y, dx] = [new Float64Array(x.length), new Float64Array(x.length)];
  const [mean, variance] = [new Float64Array(groups * channels), new Float64Array(groups * channels)];
  const [dgamma, dbeta] = [new Float64Array(channels), new Float64Array(channels)];
  for (let i = 0; i < groups * channels; i++) {
    const c = i % channels;
    const at = (v: number) => (((i - c) / channels) * voxels + v) * channels + c;
    for (let v = 0; v < voxels; v++) mean[i]! += x[at(v)]! / voxels;
    for (let v = 0; v < voxels; v++) variance[i]! += (x[at(v)]! - mean[i]!) ** 2 / voxels;
    const rstd = 1 / Math.sqrt(variance[i]! + epsilon);
    const n = (v: number) => (x[at(v)]! - mean[i]!) * rstd;
    const g = (v: number) => (relu && y[at(v)] === 0 ? 0 : dy[at(v)]!);
    let [sum, product] = [0, 0];
    for (let v = 0; v < voxels; v++) {
      const value = n(v) * gamma[c]! + beta[c]!;
      y[at(v)] = relu ? Math.max(value, 0) : value;
      sum += g(v);
      product += g(v) * n(v);
    }
    dbeta[c]! += sum;
    dgamma[c]! += product;
    for (let v = 0; v < voxels; v++) {
      dx[at(v)] = gamma[c]! * rstd * (g(v) - sum / voxels - (n(v) * product) / voxels);
    }
  }
  return { y, mean, variance, dx, dgamma, dbeta };
}

/** Normalises on our backend and by the formula, forward and backward, and says how far apart the results are. */
async function errors(test: Case, { mean = 3, deviation = 2 } = {}): Promise<Record<string, number>> {
  const { shape, over, relu, affine } = test;
  const [size, channels] = [sizeOf(shape), shape.at(-1)!];
  const [x, dy] = [normals(size, 1, deviation, mean), normals(size, 2)];
  const gamma = affine ? normals(channels, 3, 0.3, 1) : new Float32Array(channels).fill(1);
  const beta = affine ? normals(channels, 4) : new Float32Array(channels);
  const expected = reference(x, dy, test, gamma, beta);
  const attrs: NormAttrs = { over, epsilon, relu };
  const given = { x: tf.tensor(x, [...shape]), ...(affine && { gamma: tf.tensor1d(gamma) }) };
  const [y, ...statistics] = run(KERNELS.Norm, { ...given, ...(affine && { beta: tf.tensor1d(beta) }) }, attrs);
  const [means, variances, shift] = statistics;
  expect(means!.shape).toEqual([over === 'instance' ? shape[0] : 1, channels]);
  const inputs = { ...given, dy: tf.tensor(dy, [...shape]), mean: means!, variance: variances!, shift: shift! };
  const [dx, dgamma, dbeta] = run(KERNELS.NormGrad, inputs, attrs);
  const found = { y, mean: means, variance: variances, dx, dgamma, dbeta };
  const all = Object.entries(found).map(async ([name, tensor]) => {
    return [name, relativeError(await tensor!.data(), expected[name as keyof typeof expected])] as const;
  });
  const result = Object.fromEntries(await Promise.all(all));
  tf.dispose([found, inputs]);
  return result;
}

describeGpu('Norm and NormGrad', () => {
  const small = [1, 3, 5, 17, 64].flatMap((channels, i) =>
    (['batch', 'instance'] as const).map((over, j) => ({
      shape: [1 + (i % 3), 3, 4, 5, channels],
      over,
      relu: (i + j) % 2 === 0,
      affine: i !== 1,
    })),
  );
  it.each(small)('equal the formulas: $shape over $over, relu $relu, affine $affine', async (test) => {
    for (const [name, error] of Object.entries(await errors(test))) expect(error, name).toBeLessThan(1e-5);
  });

  it.each([
    { over: 'batch', shape: [1, 59_999, 3] },
    { over: 'batch', shape: [2, 40, 37, 29, 16] },
    { over: 'instance', shape: [3, 41, 43, 29, 1] },
    { over: 'instance', shape: [3, 9001, 16] },
    { over: 'instance', shape: [700, 13, 20] },
    { over: 'batch', shape: [3, 11, 300] },
    { over: 'batch', shape: [2, 7, 1500] },
    { over: 'instance', shape: [2, 7, 301] },
  ] as const)('equal the formulas over many workgroups: $shape over $over', async ({ over, shape }) => {
    const found = await errors({ shape, over, relu: true, affine: true });
    for (const [name, error] of Object.entries(found)) expect(error, name).toBeLessThan(1e-5);
  });

  it('keep the variance and what is normalised right where the mean is a thousand times larger', async () => {
    const test: Case = { shape: [1, 200, 300, 2], over: 'batch', relu: false, affine: false };
    const found = await errors(test, { mean: 1000, deviation: 1 });
    expect(found.mean).toBeLessThan(1e-7);
    expect(found.variance).toBeLessThan(1e-6);
    expect(found.y).toBeLessThan(1e-6);
    // The gradient has the mean only as a float32.
    expect(found.dx).toBeLessThan(1e-4);
  });

  it('find the variance where the first voxel is far from the others', async () => {
    const x = normals(64_000, 7);
    x[0] = 1e4;
    const [, mean, variance] = await runOurs(
      KERNELS.Norm,
      { x: tf.tensor(x, [1, 64_000, 1]) },
      { over: 'batch', epsilon: 0, relu: false },
    );
    const m = x.reduce((a, b) => a + b / 64_000, 0);
    expectClose(mean!, [m]);
    expectClose(variance!, [x.reduce((a, b) => a + (b - m) ** 2 / 64_000, 0)]);
  });

  it('stay finite where a channel is constant', async () => {
    const attrs = { over: 'batch', epsilon, relu: false };
    const [y, mean, variance] = await runOurs(
      KERNELS.Norm,
      { x: tf.tensor(new Array(8).fill(0.1), [1, 2, 2, 2, 1]) },
      attrs,
    );
    expect([...y!]).toEqual(new Array(8).fill(0));
    expect([mean![0], variance![0]]).toEqual([Math.fround(0.1), 0]);
  });

  it('have no gradient, and no noise in its place, where every channel of a sample has one voxel', async () => {
    const attrs = { over: 'instance', epsilon, relu: false };
    const x = tf.tensor(normals(15, 1), [3, 1, 1, 1, 5]);
    const [, mean, variance, shift] = run(KERNELS.Norm, { x }, attrs);
    const saved = { mean: mean!, variance: variance!, shift: shift! };
    const [dx] = await runOurs(
      KERNELS.NormGrad,
      { dy: tf.tensor(normals(15, 2), [3, 1, 1, 1, 5]), x, ...saved },
      attrs,
    );
    expect([...dx!].map(Math.abs)).toEqual(new Array(15).fill(0));
  });

  it('keep a NaN and an infinity within their sample and channel, and say the mean of the infinity', async () => {
    const x = normals(2 * 100 * 3, 6);
    x[3 * 57 + 1] = NaN;
    x[3 * 199 + 2] = Infinity;
    const attrs = { over: 'instance', epsilon, relu: true };
    const [y, mean, variance] = await runOurs(KERNELS.Norm, { x: tf.tensor3d(x, [2, 100, 3]) }, attrs);
    const wrong = [false, true, false, false, false, true];
    expect([...variance!].map(Number.isNaN)).toEqual(wrong);
    expect([mean![1], mean![5]]).toEqual([NaN, Infinity]);
    y!.forEach((value, i) => {
      expect(Number.isNaN(value), `element ${i}`).toBe(wrong[Math.floor(i / 300) * 3 + (i % 3)]);
    });
  });

  it('let a NaN in dy through where the ReLU was 0', async () => {
    const attrs = { over: 'batch', epsilon, relu: true };
    const x = tf.tensor2d([-1, -2, 2, 1], [4, 1]);
    const [y, mean, variance, shift] = run(KERNELS.Norm, { x }, attrs);
    const saved = { mean: mean!, variance: variance!, shift: shift! };
    const [dx] = await runOurs(KERNELS.NormGrad, { dy: tf.tensor2d([NaN, 0, 1, 1], [4, 1]), x, ...saved }, attrs);
    expect((await y!.data())[0]).toBe(0);
    expect(dx!.every(Number.isNaN)).toBe(true);
  });

  it('take an empty tensor', async () => {
    const attrs = { over: 'batch', epsilon, relu: true };
    const [y, mean] = await runOurs(KERNELS.Norm, { x: tf.tensor([], [0, 2, 2, 2, 3]) }, attrs);
    expect([y!.length, [...mean!]]).toEqual([0, [NaN, NaN, NaN]]);
  });
});
