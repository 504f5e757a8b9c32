import { KERNELS } from '@crln/core';
import { flip3d, rot90InPlane } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, type Values } from './support/gradcheck.js';

/** Output [d, h, w] ← source(d, h, w), for a batch of channels-last volumes. */
function moved(x: Values, size: number[], source: (d: number, h: number, w: number) => number[]): number[] {
  const [batch, D, H, W, C] = x.shape as [number, number, number, number, number];
  const out: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let d = 0; d < size[0]!; d++)
      for (let h = 0; h < size[1]!; h++)
        for (let w = 0; w < size[2]!; w++) {
          const [P, Q, R] = source(d, h, w) as [number, number, number];
          for (let c = 0; c < C; c++) out.push(x.data[(((n * D + P) * H + Q) * W + R) * C + c]!);
        }
  return out;
}

describeBackends('flip3d', (backend) => {
  it.each([
    [0, 1],
    [1, 5],
    [2, 17],
    [2, 3],
  ] as const)('mirrors axis %s of %s channels', async (axis, channels) => {
    await check({
      backend,
      inputs: { x: normals([2, 3, 2, 4, channels]) },
      op: ({ x }) => flip3d(x!, axis),
      reference: ({ x }) =>
        moved(x!, [3, 2, 4], (...at) => at.map((i, a) => (a === axis ? x!.shape[a + 1]! - 1 - i : i))),
      kernels: [KERNELS.GatherAxes],
    });
  });

  it('refuses another axis', () => {
    expect(() => tf.tidy(() => flip3d(tf.zeros([1, 2, 2, 2, 1]), 3 as 2))).toThrow('expected axis 0, 1 or 2');
  });
});

describeBackends('rot90InPlane', (backend) => {
  // np.rot90(x, 1, axes = (D, H)): out[d, h] = x[h, n − 1 − d] with n = the size of H.
  it.each([
    [1, 3, (d: number, h: number) => [h, 1 - d]],
    [2, 17, (d: number, h: number) => [2 - d, 1 - h]],
    [3, 1, (d: number, h: number) => [2 - h, d]],
    [-1, 5, (d: number, h: number) => [2 - h, d]],
    [4, 3, (d: number, h: number) => [d, h]],
  ])('equals np.rot90 for k = %s and %s channels', async (k, channels, source) => {
    await check({
      backend,
      inputs: { x: normals([2, 3, 2, 4, channels]) },
      op: ({ x }) => rot90InPlane(x!, k),
      reference: ({ x }) => moved(x!, k % 2 === 0 ? [3, 2, 4] : [2, 3, 4], (d, h, w) => [...source(d, h), w]),
      kernels: k === 4 ? [] : [KERNELS.GatherAxes],
    });
  });

  it('turns int32 labels', async () => {
    await scoped(async () => {
      // np.rot90([[0, 1], [2, 3]]) = [[1, 3], [0, 2]]
      const y = rot90InPlane(tf.tensor4d([0, 1, 2, 3], [1, 2, 2, 1], 'int32'), 1);
      expect([y.dtype, ...(await y.data())]).toEqual(['int32', 1, 3, 0, 2]);
    });
  });

  it('refuses a part of a turn', () => {
    expect(() => tf.tidy(() => rot90InPlane(tf.zeros([1, 2, 2, 2]), 0.5))).toThrow(
      'whole number of quarter turns, got 0.5',
    );
  });
});
