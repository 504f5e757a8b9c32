import { KERNELS, type NormAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError, sizeOf } from '../reference.js';
import { expectClose, normals, RUNS, runOurs, useWasm } from './harness.js';
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
        mean: tf.tensor2d(Float32Array.from(at.mean), [groups, channels]),
        variance: tf.tensor2d(Float32Array.from(at.variance), [groups, channels]),
        shift: tf.tile(tf.tensor2d(beta, [1, channels]), [groups, 1]),
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

/** The gradient as the formula says it, in float64, of the float32 statistics that the kernel gets. */
function naiveGrad(
  given: Record<'dy' | 'x' | 'y' | 'mean' | 'variance' | 'gamma', ArrayLike<number>>,
  { shape, attrs }: Case,
) {
  const channels = shape.at(-1)!;
  const groups = given.mean.length / channels;
  const voxels = given.x.length / groups / channels;
  const dx = new Float64Array(given.x.length);
  const dgamma = new Float64Array(channels);
  const dbeta = new Float64Array(channels);
  for (let i = 0; i < given.mean.length; i++) {
    const c = i % channels;
    const at = (v: number) => (((i - c) / channels) * voxels + v) * channels + c;
    const rstd = 1 / Math.sqrt(given.variance[i]! + attrs.epsilon);
    const g = (v: number) => (attrs.relu && given.y[at(v)] === 0 ? 0 : given.dy[at(v)]!);
    const n = (v: number) => (given.x[at(v)]! - given.mean[i]!) * rstd;
    const [sum, product] = [0, 0].map((_, which) => {
      let total = 0;
      for (let v = 0; v < voxels; v++) total += which ? g(v) * n(v) : g(v);
      return total;
    }) as [number, number];
    dbeta[c]! += sum;
    dgamma[c]! += product;
    for (let v = 0; v < voxels; v++) {
      dx[at(v)] = given.gamma[c]! * rstd * (g(v) - sum / voxels - (n(v) * product) / voxels);
    }
  }
  return { dx, dgamma, dbeta };
}

/** Normalises on our backend and by the formula, forward and backward, and says how far apart the results are. */
function errors(test: Case, seed: number): Record<string, number> {
  const size = sizeOf(test.shape);
  const channels = test.shape.at(-1)!;
  const x = normals(size, seed, 2, 3);
  const [dy, gamma, beta] = [normals(size, seed + 1), normals(channels, seed + 2, 0.3, 1), normals(channels, seed + 3)];
  const tensors = { x: tf.tensor(x, test.shape), gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) };
  const [y, mean, variance, shift] = runOurs(KERNELS.Norm, tensors, test.attrs) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const expected = naive(x, test, gamma, beta);
  const saved = {
    dy: tf.tensor(dy, test.shape),
    mean: tf.tensor(mean),
    variance: tf.tensor(variance),
    shift: tf.tensor(shift),
  };
  const [dx, dgamma, dbeta] = runOurs(KERNELS.NormGrad, { ...tensors, ...saved }, test.attrs);
  const gradient = naiveGrad({ dy, x, y, mean, variance, gamma }, test);
  tf.dispose([tensors, saved]);
  return {
    y: relativeError(y, expected.y),
    mean: relativeError(mean, expected.mean),
    variance: relativeError(variance, expected.variance),
    dx: relativeError(dx!, gradient.dx),
    dgamma: relativeError(dgamma!, gradient.dgamma),
    dbeta: relativeError(dbeta!, gradient.dbeta),
  };
}

const channelCounts = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 33, 65);

it('equals the formula in float64 for any number of samples, voxels and channels', () => {
  const shapes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 4, max: 40 }), channelCounts);
  const over = fc.constantFrom<NormAttrs['over']>('batch', 'instance');
  fc.assert(
    fc.property(shapes, over, fc.boolean(), fc.nat(1e6), (shape, over, relu, seed) => {
      const found = errors({ shape, attrs: { over, epsilon: 1e-5, relu }, affine: true }, seed);
      for (const [name, error] of Object.entries(found)) expect(error, name).toBeLessThan(1e-5);
    }),
    RUNS,
  );
});

// More than two units of work, in groups that end inside a row and inside a unit
it.each([
  { over: 'batch', shape: [1, 59_999, 3] },
  { over: 'batch', shape: [2, 10_007, 17] },
  { over: 'instance', shape: [3, 41, 43, 29, 1] },
  { over: 'instance', shape: [3, 9001, 16] },
  { over: 'instance', shape: [700, 13, 20] },
] as const)('equals the formula in float64 over many units: $shape over $over', ({ over, shape }) => {
  const found = errors({ shape: [...shape], attrs: { over, epsilon: 1e-5, relu: true }, affine: true }, 8);
  for (const [name, error] of Object.entries(found)) expect(error, name).toBeLessThan(1e-5);
});

it('has no gradient, and no noise in its place, where every channel of a sample has one voxel', () => {
  const shape = [3, 1, 1, 1, 5];
  const x = tf.tensor(normals(15, 1), shape);
  const attrs = { over: 'instance', epsilon: 1e-5, relu: false };
  const [, mean, variance, shift] = runOurs(KERNELS.Norm, { x }, attrs).map((values) => tf.tensor(values));
  const saved = { mean: mean!, variance: variance!, shift: shift! };
  const [dx] = runOurs(KERNELS.NormGrad, { dy: tf.tensor(normals(15, 2), shape), x, ...saved }, attrs);
  expect([...dx!].map(Math.abs)).toEqual(new Array(15).fill(0));
});

it('keeps a NaN and an infinity within their sample and channel, and says the mean of the infinity', () => {
  const x = normals(2 * 100 * 3, 6);
  x[3 * 57 + 1] = NaN;
  x[3 * 199 + 2] = Infinity;
  const attrs = { over: 'instance', epsilon: 1e-5, relu: true };
  const [y, mean, variance] = runOurs(KERNELS.Norm, { x: tf.tensor3d(x, [2, 100, 3]) }, attrs);
  const wrong = [false, true, false, false, false, true];
  expect([...variance!].map(Number.isNaN)).toEqual(wrong);
  expect([mean![1], mean![5]]).toEqual([NaN, Infinity]);
  y!.forEach((value, i) => {
    const group = Math.floor(i / 300) * 3 + (i % 3);
    expect(Number.isNaN(value), `element ${i}`).toBe(wrong[group]);
  });
});

it('finds the variance where all the voxels that it looks at first are far from the others', () => {
  const test: Case = { shape: [1, 64_000, 1], attrs: { over: 'batch', epsilon: 0, relu: false }, affine: false };
  const x = normals(64_000, 7);
  for (let i = 0; i < 64; i++) x[i * 1000] = 1e4;
  const [, mean, variance] = runOurs(KERNELS.Norm, { x: tf.tensor(x, test.shape) }, test.attrs);
  const expected = naive(x, test, [1], [0]);
  expectClose(mean!, expected.mean, 1e-5);
  expectClose(variance!, expected.variance, 1e-5);
});

it('lets a NaN in dy through where the ReLU was 0', () => {
  const attrs = { over: 'batch', epsilon: 1e-5, relu: true };
  const x = tf.tensor2d([-1, -2, 2, 1], [4, 1]);
  const [y, mean, variance, shift] = runOurs(KERNELS.Norm, { x }, attrs);
  const saved = { mean: tf.tensor(mean!), variance: tf.tensor(variance!), shift: tf.tensor(shift!) };
  const [dx] = runOurs(KERNELS.NormGrad, { dy: tf.tensor2d([NaN, 0, 1, 1], [4, 1]), x, ...saved }, attrs);
  expect(y![0]).toBe(0);
  expect(dx!.every(Number.isNaN)).toBe(true);
});
