import { KERNELS, type Pads3d, type Triple } from '@crln/core';
import { crop3d, pad3d } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, type Values } from './support/gradcheck.js';

const pads: Pads3d = [
  [1, 2],
  [0, 1],
  [3, 0],
];

/** Every output voxel asks for its source; `where` maps an axis' position, which may lie outside, or says undefined. */
function rebuilt(
  x: Values,
  size: Triple,
  begin: Triple,
  value: number,
  where: (i: number, n: number) => number | undefined,
) {
  const [batch, D, H, W, C] = x.shape as [number, number, number, number, number];
  const out: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < size[0]; p++)
      for (let q = 0; q < size[1]; q++)
        for (let r = 0; r < size[2]; r++)
          for (let c = 0; c < C; c++) {
            const [P, Q, R] = [where(p + begin[0], D), where(q + begin[1], H), where(r + begin[2], W)];
            const outside = P === undefined || Q === undefined || R === undefined;
            out.push(outside ? value : x.data[(((n * D + P) * H + Q) * W + R) * C + c]!);
          }
  return out;
}
const inside = (i: number, n: number) => (i >= 0 && i < n ? i : undefined);
const mirrored = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i);

describeBackends('pad3d', (backend) => {
  it.each([0, -2.5])('adds a constant around the volume: %s', async (value) => {
    await check({
      backend,
      inputs: { x: normals([2, 3, 2, 4, 3]) },
      op: ({ x }) => pad3d(x!, pads, { value }),
      reference: ({ x }) => rebuilt(x!, [6, 3, 7], [-1, 0, -3], value, inside),
      kernels: [KERNELS.GatherAxes],
    });
  });

  it.each([1, 3, 5, 17])('mirrors at the border voxel, and so does its gradient: %s channels', async (channels) => {
    await check({
      backend,
      inputs: { x: normals([2, 3, 2, 4, channels]) },
      op: ({ x }) => pad3d(x!, pads, { mode: 'reflect' }),
      reference: ({ x }) => rebuilt(x!, [6, 3, 7], [-1, 0, -3], 0, mirrored),
      kernels: [KERNELS.GatherAxes, KERNELS.Resample3d],
    });
  });

  it('pads int32 labels', async () => {
    await scoped(async () => {
      const y = pad3d(
        tf.ones([1, 1, 1, 2], 'int32'),
        [
          [0, 0],
          [0, 0],
          [1, 1],
        ],
        { value: -1 },
      );
      expect([y.dtype, ...(await y.data())]).toEqual(['int32', -1, 1, 1, -1]);
    });
  });

  it('refuses to mirror further than the volume reaches, and to remove voxels', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 3, 3, 3, 1]);
      const [none, most]: [number, number][] = [
        [0, 0],
        [3, 0],
      ];
      expect(() => pad3d(x, [none!, most!, none!], { mode: 'reflect' })).toThrow(
        'expected pads of 0 to 2 on spatial axis 1',
      );
      expect(() => pad3d(x, [[-1, 0], none!, none!])).toThrow('got [-1,0]');
    });
  });
});

describeBackends('crop3d', (backend) => {
  it('takes a box, and its gradient puts it back', async () => {
    await check({
      backend,
      inputs: { x: normals([2, 4, 3, 5, 3]) },
      op: ({ x }) => crop3d(x!, [1, 0, 2], [2, 3, 3]),
      reference: ({ x }) => rebuilt(x!, [2, 3, 3], [1, 0, 2], 0, inside),
      kernels: [KERNELS.GatherAxes],
    });
  });

  it('undoes pad3d', async () => {
    await scoped(async () => {
      const x = tf.randomNormal([1, 3, 2, 4], 0, 1, 'float32', 3);
      expect([...(await crop3d(pad3d(x, pads), [1, 0, 3], [3, 2, 4]).data())]).toEqual([...(await x.data())]);
    });
  });

  it('refuses a box that leaves the volume', () => {
    tf.tidy(() => {
      expect(() => crop3d(tf.zeros([1, 3, 3, 3, 1]), [0, 2, 0], [1, 2, 1])).toThrow(
        'the box at [0,2,0] of size [1,2,1] leaves',
      );
    });
  });
});
