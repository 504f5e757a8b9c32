import { KERNELS } from '@crln/core';
import { batchNorm, batchNormInference, conv3d, hasKernel, instanceNorm, updateRunningStatistics } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, ownKernels, scoped } from './support/backends.js';
import { check, normals, relativeError, tensorOf, type Values } from './support/gradcheck.js';
import { normalised, statistics } from './support/normReference.js';

interface Options {
  epsilon: number;
  relu: boolean;
}
// Shape, γ and β given?, options. Seeds are such that no value lies within the finite difference's reach of ReLU's kink.
const cases: [number[], boolean, boolean, Options][] = [
  [[2, 3, 2, 3, 5], true, true, { epsilon: 1e-5, relu: false }],
  [[2, 3, 2, 3, 3], true, true, { epsilon: 1e-5, relu: true }],
  [[1, 2, 3, 4, 17], true, true, { epsilon: 1e-3, relu: true }],
  [[3, 2, 2, 3, 1], false, false, { epsilon: 1e-5, relu: true }],
  [[2, 3, 3, 2, 3], false, false, { epsilon: 0.1, relu: false }],
  [[2, 3, 3, 2, 3], true, false, { epsilon: 1e-5, relu: false }],
  [[2, 3, 3, 2, 3], false, true, { epsilon: 1e-5, relu: true }],
];

const affineOf = (channels: number, gamma: boolean, beta: boolean) => ({
  ...(gamma ? { gamma: normals([channels], 3) } : {}),
  ...(beta ? { beta: normals([channels], 4) } : {}),
});

/** Values away from mean 0 and variance 1. */
const shifted = (shape: number[]): Values => {
  const values = normals(shape, 5);
  return { shape, data: values.data.map((v) => Math.fround(2 * v + 3)) };
};

describeBackends('batchNorm', (backend) => {
  it.each(cases)(
    'equals the float64 reference with its gradients: %j, gamma %s, beta %s, %j',
    async (shape, gamma, beta, o) => {
      await check({
        backend,
        inputs: { x: shifted(shape), ...affineOf(shape[4]!, gamma, beta) },
        op: ({ x, gamma, beta }) => tf.tidy(() => batchNorm(x!, { gamma, beta, ...o }).y),
        reference: ({ x, gamma, beta }) => normalised(x!, statistics(x!, 1), { gamma, beta, ...o }),
        kernels: [KERNELS.Norm, KERNELS.NormGrad],
        tolerance: 5e-5,
      });
    },
  );

  it('returns the mean and the biased variance, through which no gradient flows', async () => {
    const values = shifted([2, 3, 2, 3, 5]);
    const before = tf.memory().numTensors;
    const x = tensorOf(values);
    const { y, mean, variance } = batchNorm(x);
    expect([mean.shape, variance.shape]).toEqual([[5], [5]]);
    const expected = statistics(values, 1);
    expect(relativeError(await mean.data(), expected.mean)).toBeLessThan(1e-5);
    expect(relativeError(await variance.data(), expected.variance)).toBeLessThan(1e-5);
    // The sum of y does not depend on x, but only if the statistics' own gradients are not added to it.
    const gradient = tf.grad((x: tf.Tensor) => {
      const out = batchNorm(x);
      return tf.add(tf.sum(out.y), tf.add(tf.sum(out.mean), tf.sum(out.variance)));
    })(x);
    expect(Math.max(...(await gradient.data()).map(Math.abs))).toBeLessThan(1e-4);
    tf.dispose([x, y, mean, variance, gradient]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has a finite gradient where a channel is constant', async () => {
    await scoped(async () => {
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.sub(batchNorm(x).y, 1))))(
        tf.fill([1, 2, 2, 2, 3], 4),
      );
      expect([...(await gradient.data())].every(Number.isFinite)).toBe(true);
    });
  });

  it('stays exact where the mean is a thousand times the deviation', async () => {
    const x = normals([2, 4, 4, 4, 2], 9);
    x.data.forEach((v, i) => {
      x.data[i] = Math.fround(v + 1000);
    });
    await scoped(async () => {
      const { y } = batchNorm(tensorOf(x));
      expect(relativeError(await y.data(), normalised(x, statistics(x, 1), { epsilon: 1e-5 }))).toBeLessThan(1e-3);
    });
  });

  it.each([
    [2, 3, 2, 3, 5],
    [1, 1, 1, 1, 3],
    [2, 4, 3, 3, 4],
    // More voxels than one workgroup takes: they find their moments in parts.
    [1, 16, 16, 17, 8],
  ])(
    'takes the batch into running statistics as updateRunningStatistics does: [%i, %i, %i, %i, %i]',
    async (...shape) => {
      await scoped(async () => {
        const x = tensorOf(shifted(shape));
        const old = { mean: tensorOf(normals([shape[4]!], 3)), variance: tensorOf(normals([shape[4]!], 4)) };
        const { y, mean, variance, running } = batchNorm(x, { running: { ...old, momentum: 0.3 } });
        const apart = batchNorm(x);
        const count = shape.slice(0, 4).reduce((a, b) => a * b);
        const expected = updateRunningStatistics(old, { mean, variance, count }, 0.3);
        for (const [found, wanted] of [
          [running!.mean, expected.mean],
          [running!.variance, expected.variance],
          [y, apart.y],
          [variance, apart.variance],
        ] as const) {
          expect(found.shape).toEqual(wanted.shape);
          expect(relativeError(await found.data(), await wanted.data())).toBeLessThan(1e-6);
        }
      });
    },
  );

  it('equals the float64 reference where voxels are many', async () => {
    await scoped(async () => {
      const [x, weights] = [shifted([1, 16, 16, 17, 8]), normals([1, 16, 16, 17, 8], 7)];
      const gamma = normals([8], 3);
      const found = batchNorm(tensorOf(x), { gamma: tensorOf(gamma) }).y;
      expect(relativeError(await found.data(), normalised(x, statistics(x, 1), { gamma, epsilon: 1e-5 }))).toBeLessThan(
        5e-5,
      );
      // The gradient of a shift of x is 0, and what a convolution before the norm is told of its bias.
      const gradient = tf.grad((bias: tf.Tensor) =>
        tf.sum(
          tf.mul(
            batchNorm(conv3d(tensorOf(x), tf.ones([1, 1, 1, 8, 1]), { bias })).y,
            tf.slice(tensorOf(weights), [0, 0, 0, 0, 0], [1, 16, 16, 17, 1]),
          ),
        ),
      )(tf.tensor1d([1]));
      expect(Math.abs((await gradient.data())[0]!)).toBeLessThan(1e-3);
    });
  });

  it('names the tensor and both shapes where they do not fit', () => {
    tf.tidy(() => {
      expect(() => batchNorm(tf.zeros([2, 2, 2, 2, 3]), { gamma: tf.zeros([2]) })).toThrow(
        'expected gamma [3], got [2]',
      );
      expect(() => batchNorm(tf.zeros([3]))).toThrow('expected x [N, …, C], got [3]');
    });
  });
});

describeBackends('instanceNorm', (backend) => {
  it.each(cases)(
    'equals the float64 reference with its gradients: %j, gamma %s, beta %s, %j',
    async (shape, gamma, beta, o) => {
      await check({
        backend,
        inputs: { x: shifted(shape), ...affineOf(shape[4]!, gamma, beta) },
        op: ({ x, gamma, beta }) => instanceNorm(x!, { gamma, beta, ...o }),
        reference: ({ x, gamma, beta }) => normalised(x!, statistics(x!, shape[0]!), { gamma, beta, ...o }),
        kernels: [KERNELS.Norm, KERNELS.NormGrad],
        tolerance: 5e-5,
      });
    },
  );
});

describeBackends('batchNormInference', (backend) => {
  it.each(cases)(
    'equals the float64 reference with its gradients: %j, gamma %s, beta %s, %j',
    async (shape, gamma, beta, o) => {
      const mean = normals([shape[4]!], 11);
      const variance = { ...mean, data: mean.data.map((v) => Math.fround(1 + v * v)) };
      await check({
        backend,
        inputs: { x: shifted(shape), mean, variance, ...affineOf(shape[4]!, gamma, beta) },
        op: ({ x, mean, variance, gamma, beta }) =>
          batchNormInference(x!, { mean: mean!, variance: variance!, gamma, beta, ...o }),
        reference: ({ x, mean, variance, gamma, beta }) =>
          normalised(x!, { mean: mean!.data, variance: variance!.data }, { gamma, beta, ...o }),
        kernels: [KERNELS.ChannelAffine, KERNELS.ChannelAffineGrad],
      });
    },
  );
});

describeBackends('batchNormInference without a gradient', (backend) => {
  it.each(cases)('is one kernel where there is one: %j, gamma %s, beta %s, %j', async (shape, gamma, beta, o) => {
    const own = ownKernels(backend);
    await scoped(async () => {
      const x = shifted(shape);
      const mean = normals([shape[4]!], 11);
      const variance = { ...mean, data: mean.data.map((v) => Math.fround(1 + v * v)) };
      const affine = affineOf(shape[4]!, gamma, beta);
      const tensors = Object.fromEntries(
        Object.entries({ mean, variance, ...affine }).map(([k, v]) => [k, tensorOf(v)]),
      );
      own?.reset();
      const y = batchNormInference(tensorOf(x), { ...(tensors as { mean: tf.Tensor; variance: tf.Tensor }), ...o });
      const expected = normalised(x, { mean: mean.data, variance: variance.data }, { ...affine, ...o });
      expect(relativeError(await y.data(), expected)).toBeLessThan(2e-5);
      if (hasKernel(KERNELS.BatchNormInference)) expect(own?.calls()).toEqual({ [KERNELS.BatchNormInference]: 1 });
    });
  });
});

describeBackends('updateRunningStatistics', (backend) => {
  const own = ownKernels(backend);
  const update = (
    running: [number[], number[]],
    batch: [number[], number[], number],
    momentum?: number,
  ): { mean: tf.Tensor1D; variance: tf.Tensor1D } =>
    updateRunningStatistics(
      { mean: tf.tensor1d(running[0]), variance: tf.tensor1d(running[1]) },
      { mean: tf.tensor1d(batch[0]), variance: tf.tensor1d(batch[1]), count: batch[2] },
      momentum,
    );

  it("keeps PyTorch's running mean and unbiased running variance, in one kernel call where there is one", async () => {
    await scoped(async () => {
      own?.reset();
      const next = update(
        [
          [1, 2],
          [1, 4],
        ],
        [[3, -2], [2, 1], 5],
      );
      // 0.9·old + 0.1·new, the new variance times 5/4.
      expect(relativeError(await next.mean.data(), [1.2, 1.6])).toBeLessThan(1e-6);
      expect(relativeError(await next.variance.data(), [1.15, 3.725])).toBeLessThan(1e-6);
      if (own) expect(own.calls()).toEqual({ [KERNELS.RunningStatistics]: 1 });
    });
  });

  it('stays finite for one value a channel', async () => {
    await scoped(async () => {
      const next = update([[0], [1]], [[2], [0], 1], 0.5);
      expect([(await next.mean.data())[0], (await next.variance.data())[0]]).toEqual([1, 0.5]);
    });
  });

  it('lets no gradient through, leaves its inputs as they are and nothing behind', async () => {
    const before = tf.memory().numTensors;
    const [x, old] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
    const gradient = tf.grad((x: tf.Tensor) => {
      const batch = { mean: tf.mul(x, 2), variance: tf.square(x), count: 4 };
      const next = updateRunningStatistics({ mean: old, variance: old }, batch);
      return tf.sum(tf.add(x, tf.add(next.mean, next.variance)));
    })(x);
    expect([...(await gradient.data())]).toEqual([1, 1]);
    expect([...(await old.data())]).toEqual([3, 4]);
    tf.dispose([x, old, gradient]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
