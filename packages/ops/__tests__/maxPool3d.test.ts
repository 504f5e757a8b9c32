import { KERNELS, type Padding3d, type Triple } from '@crln/core';
import { maxPool3d } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { expectedGeometry } from './support/geometry.js';
import { check, normals, type Values } from './support/gradcheck.js';

/** Window by window, ignoring what lies outside. */
function reference(x: Values, poolSize: Triple, strides: Triple, padding: Padding3d): Float64Array {
  const [batch, D, H, W, C] = x.shape as [number, number, number, number, number];
  const { output, pads } = expectedGeometry([D, H, W], poolSize, strides, padding, [1, 1, 1]);
  const out = new Float64Array(batch * output[0] * output[1] * output[2] * C).fill(Number.NEGATIVE_INFINITY);
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < output[0]; p++)
      for (let q = 0; q < output[1]; q++)
        for (let r = 0; r < output[2]; r++)
          for (let i = 0; i < poolSize[0]; i++)
            for (let j = 0; j < poolSize[1]; j++)
              for (let k = 0; k < poolSize[2]; k++) {
                const [P, Q, R] = [
                  p * strides[0] + i - pads[0][0],
                  q * strides[1] + j - pads[1][0],
                  r * strides[2] + k - pads[2][0],
                ];
                if (P < 0 || Q < 0 || R < 0 || P >= D || Q >= H || R >= W) continue;
                for (let c = 0; c < C; c++) {
                  const o = (((n * output[0] + p) * output[1] + q) * output[2] + r) * C + c;
                  out[o] = Math.max(out[o]!, x.data[(((n * D + P) * H + Q) * W + R) * C + c]!);
                }
              }
  return out;
}

describeBackends('maxPool3d', (backend) => {
  it.each([
    [[4, 6, 2], 3, [2, 2, 2], [2, 2, 2], 'valid'],
    [[5, 3, 7], 1, [2, 2, 2], [2, 2, 2], 'valid'],
    [[5, 3, 4], 5, [2, 2, 2], [2, 2, 2], 'same'],
    [[5, 3, 4], 2, [3, 3, 3], [2, 2, 2], 1],
    [[3, 2, 2], 17, [3, 3, 3], [1, 1, 1], 'same'],
    [[5, 4, 6], 3, [1, 2, 3], [1, 2, 2], 'valid'],
  ] as [Triple, number, Triple, Triple, Padding3d][])(
    'equals the float64 reference with its gradient: [%s] × %s channels, window %s, stride %s, padding %j',
    async (input, channels, poolSize, strides, padding) => {
      await check({
        backend,
        inputs: { x: normals([2, ...input, channels]) },
        op: ({ x }) => maxPool3d(x!, { poolSize, strides, padding }),
        reference: ({ x }) => reference(x!, poolSize, strides, padding),
        kernels: [KERNELS.MaxPool3d, KERNELS.MaxPool3dGrad],
      });
    },
  );

  it('gives the gradient to the first of equal maxima, as PyTorch does', async () => {
    await scoped(async () => {
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(maxPool3d(x)))(tf.ones([1, 2, 2, 4, 1]));
      expect([...(await gradient.data())]).toEqual([1, 0, 1, 0, ...Array(12).fill(0)]);
    });
  });

  it('refuses a window of no voxels', () => {
    tf.tidy(() => {
      expect(() => maxPool3d(tf.ones([1, 2, 2, 2, 1]), { poolSize: 0 })).toThrow('poolSize [0,0,0] and strides');
    });
  });
});
