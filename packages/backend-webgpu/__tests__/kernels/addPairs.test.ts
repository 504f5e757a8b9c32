import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import type { CrlnWebGpuBackend } from '../../src/backend.js';
import { describeGpu, normals, run, runOurs } from '../harness.js';

const dispatches = () => (tf.backend() as CrlnWebGpuBackend).recorder.dispatches;

describeGpu('AddPairs', () => {
  it('adds up pairs of all sizes, three a dispatch', async () => {
    const sizes = [1, 5, 64, 65, 70_001, 3, 256];
    const pairs = sizes.map((size, i) => [normals(size, i + 1), normals(size, i + 50)] as const);
    const inputs = Object.fromEntries(
      pairs.flatMap(([a, b], i) => [
        [`a${i}`, tf.tensor1d(a)],
        [`b${i}`, tf.tensor1d(b)],
      ]),
    );
    const sums = await runOurs(KERNELS.AddPairs, inputs);
    expect(sums).toHaveLength(sizes.length);
    pairs.forEach(([a, b], i) => {
      expect([...sums[i]!]).toEqual(Array.from(a, (value, k) => Math.fround(Math.fround(value) + Math.fround(b[k]!))));
    });
  });

  it('takes neighbours as one: of two norms, gains and biases together', async () => {
    const [x, gamma] = [tf.randomNormal([1, 2, 2, 2, 20], 0, 1, 'float32', 1), tf.ones([20])];
    const forward = run(KERNELS.Norm, { x, gamma }, { over: 'batch', epsilon: 1e-5, relu: false });
    const [, mean, variance, shift] = forward as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const gradients = (seed: number) => {
      const dy = tf.randomNormal(x.shape, 0, 1, 'float32', seed);
      return run(
        KERNELS.NormGrad,
        { dy, x, mean, variance, shift, gamma },
        { over: 'batch', epsilon: 1e-5, relu: false },
      ) as tf.Tensor[];
    };
    const [, gamma1, beta1] = gradients(2) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [, gamma2, beta2] = gradients(3) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const others = [4, 5].map((seed) => tf.randomNormal([7], 0, 1, 'float32', seed)) as [tf.Tensor, tf.Tensor];
    const inputs = { a0: beta1, b0: beta2, a1: others[0], b1: others[1], a2: gamma1, b2: gamma2 };
    const expected = await Promise.all(
      [[beta1, beta2], others, [gamma1, gamma2]].map(([a, b]) => tf.add(a!, b!).data()),
    );
    const before = dispatches();
    const sums = run(KERNELS.AddPairs, inputs, {}) as tf.Tensor[];
    const poisoned = 1;
    expect(dispatches() - before).toBe(1 + poisoned);
    for (const [i, sum] of sums.entries()) expect(await sum.data()).toEqual(expected[i]);
  });
});
