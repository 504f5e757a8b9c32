import { KERNELS, type NormAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, normals, runOurs, useWasm } from './harness.js';
import { slopes } from './slopes.js';

beforeAll(useWasm);

interface Case {
  shape: number[];
  attrs: NormAttrs;
  affine: boolean;
}

/** Two passes over float64, as the formula says it. */
function naive(x: ArrayLike<number>, { shape, attrs }: Case, gamma: ArrayLike<number>, beta: ArrayLike<number>) {
  const channels = shape.at(-1)!;
  const groups = attrs.over === 'instance' ? shape[0]! : 1;
  const voxels = x.length / groups / channels;
  const y = new Float64Array(x.length);
  const mean = new Float64Array(groups * channels);
  const variance = new Float64Array(groups * channels);
  for (let g = 0; g < groups; g++) {
    for (let c = 0; c < channels; c++) {
      const at = (v: number) => (g * voxels + v) * channels + c;
      let m = 0;
      for (let v = 0; v < voxels; v++) m += x[at(v)]! / voxels;
      let s = 0;
      for (let v = 0; v < voxels; v++) s += (x[at(v)]! - m) ** 2 / voxels;
      mean[g * channels + c] = m;
      variance[g * channels + c] = s;
      for (let v = 0; v < voxels; v++) {
        const n = ((x[at(v)]! - m) / Math.sqrt(s + attrs.epsilon)) * gamma[c]! + beta[c]!;
        y[at(v)] = attrs.relu ? Math.max(n, 0) : n;
      }
    }
  }
  return { y, mean, variance };
}

const cases: Case[] = [1, 2, 3, 5, 17].flatMap((channels, i) =>
  (['batch', 'instance'] as const).map((over, j) => ({
    shape: [2, 3, 2, 3, channels],
    attrs: { over, epsilon: 1e-5, relu: (i + j) % 2 === 0 },
    affine: i !== 1,
  })),
);

describe.each(cases)('$shape over $attrs.over, relu $attrs.relu, affine $affine', (test) => {
  const size = test.shape.reduce((a, b) => a * b);
  const channels = test.shape.at(-1)!;
  const x = normals(size, 1, 2, 3);
  const dy = normals(size, 2);
  const gamma = test.affine ? normals(channels, 3, 0.3, 1) : new Float32Array(channels).fill(1);
  const beta = test.affine ? normals(channels, 4) : new Float32Array(channels);
  const parameters = () => (test.affine ? { gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) } : {});

  it('normalises', () => {
    const [y, mean, variance] = runOurs(KERNELS.Norm, { x: tf.tensor(x, test.shape), ...parameters() }, test.attrs);
    const expected = naive(x, test, gamma, beta);
    expectClose(y!, expected.y);
    expectClose(mean!, expected.mean);
    expectClose(variance!, expected.variance);
  });

  it('has the slopes of the formula as its gradient', () => {
    const at = naive(x, test, gamma, beta);
    const [groups] = [at.mean.length / channels];
    const [dx, dgamma, dbeta] = runOurs(
      KERNELS.NormGrad,
      {
        dy: tf.tensor(dy, test.shape),
        x: tf.tensor(x, test.shape),
        y: tf.tensor(Float32Array.from(at.y), test.shape),
        mean: tf.tensor2d(Float32Array.from(at.mean), [groups, channels]),
        variance: tf.tensor2d(Float32Array.from(at.variance), [groups, channels]),
        ...parameters(),
      },
      test.attrs,
    );
    const loss = (xs: ArrayLike<number>, g: ArrayLike<number>, b: ArrayLike<number>) =>
      naive(xs, test, g, b).y.reduce((sum, value, i) => sum + value * dy[i]!, 0);
    expectClose(
      dx!,
      slopes(x, (xs) => loss(xs, gamma, beta)),
      2e-4,
    );
    expectClose(
      dgamma!,
      slopes(gamma, (g) => loss(x, g, beta)),
      2e-4,
    );
    expectClose(
      dbeta!,
      slopes(beta, (b) => loss(x, gamma, b)),
      2e-4,
    );
  });
});

it('keeps the variance right where the mean is a thousand times larger, over half a million voxels', () => {
  const test: Case = { shape: [1, 512, 512, 2], attrs: { over: 'batch', epsilon: 0, relu: false }, affine: false };
  const x = normals(512 * 512 * 2, 5, 1, 1000);
  const [, mean, variance] = runOurs(KERNELS.Norm, { x: tf.tensor(x, test.shape) }, test.attrs);
  const expected = naive(x, test, [1, 1], [0, 0]);
  expectClose(mean!, expected.mean, 1e-7);
  expectClose(variance!, expected.variance, 1e-6);
});

it('stays finite where a channel is constant', () => {
  const attrs = { over: 'batch', epsilon: 1e-5, relu: false };
  const [y, , variance] = runOurs(KERNELS.Norm, { x: tf.fill([1, 2, 2, 2, 1], 0.1) }, attrs);
  expect([...y!]).toEqual(new Array(8).fill(0));
  expect(variance![0]).toBe(0);
});

it('lets NaN through a fused ReLU', () => {
  const attrs = { over: 'batch', epsilon: 1e-5, relu: true };
  const [y] = runOurs(KERNELS.Norm, { x: tf.tensor([1, NaN, 2, 3], [4, 1]) }, attrs);
  expect([...y!]).toEqual([NaN, NaN, NaN, NaN]);
});
