import { KERNELS } from '@crln/core';
import { layerNorm } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, type Values } from './support/gradcheck.js';

/** Row by row, in float64. */
function reference(x: Values, gamma: Values | undefined, beta: Values | undefined, epsilon: number): Float64Array {
  const n = x.shape[x.shape.length - 1]!;
  return x.data.map((v, i) => {
    const row = x.data.subarray(i - (i % n), i - (i % n) + n);
    const mean = row.reduce((a, b) => a + b, 0) / n;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
    return ((v - mean) / Math.sqrt(variance + epsilon)) * (gamma?.data[i % n] ?? 1) + (beta?.data[i % n] ?? 0);
  });
}

describeBackends('layerNorm', (backend) => {
  it.each([
    [[2, 7, 5], true, 1e-5],
    [[3, 17], true, 1e-3],
    [[2, 2, 3, 12], false, 1e-5],
  ] as [number[], boolean, number][])(
    'equals the float64 reference with its gradients: %j, affine %s, epsilon %s',
    async (shape, affine, epsilon) => {
      const channels = shape[shape.length - 1]!;
      await check({
        backend,
        inputs: {
          x: normals(shape),
          ...(affine ? { gamma: normals([channels], 2), beta: normals([channels], 3) } : {}),
        },
        op: ({ x, gamma, beta }) => layerNorm(x!, gamma, beta, { epsilon }),
        reference: ({ x, gamma, beta }) => reference(x!, gamma, beta, epsilon),
        kernels: [KERNELS.LayerNorm, KERNELS.LayerNormGrad],
        tolerance: 5e-5,
      });
    },
  );

  it('has the gradient 1/√ε·(dy − mean dy) for a row of equal values, as a bank of zeros makes it', async () => {
    await scoped(async () => {
      const weights = tf.tensor2d([[1, 2, 6]]);
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(layerNorm(x, tf.ones([3]), tf.zeros([3])), weights)))(
        tf.zeros([1, 3]),
      );
      const values = await gradient.data();
      [-2, -1, 3].forEach((centred, i) => {
        expect(values[i]).toBeCloseTo(centred / Math.sqrt(1e-5), 1);
      });
    });
  });

  it('names the tensor and both shapes where they do not fit', () => {
    tf.tidy(() => {
      expect(() => layerNorm(tf.zeros([2, 3]), tf.zeros([4]))).toThrow('expected gamma [3], got [4]');
    });
  });
});
