import { KERNELS, type Triple } from '@crln/core';
import { resize3d } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, type Values } from './support/gradcheck.js';

/** The eight corners of each output voxel, weighted: all axes at once, where the operation goes axis by axis. */
function trilinear(x: Values, size: Triple, alignCorners: boolean): Float64Array {
  const [batch, D, H, W, C] = x.shape as [number, number, number, number, number];
  const source = (i: number, n: number, m: number) =>
    alignCorners ? (m === 1 ? 0 : (i * (n - 1)) / (m - 1)) : Math.max(0, (i + 0.5) * (n / m) - 0.5);
  const corners = (i: number, n: number, m: number) => {
    const s = source(i, n, m);
    const low = Math.floor(s);
    return [
      [low, 1 - (s - low)],
      [Math.min(low + 1, n - 1), s - low],
    ] as const;
  };
  const out = new Float64Array(batch * size[0] * size[1] * size[2] * C);
  let o = 0;
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < size[0]; p++)
      for (let q = 0; q < size[1]; q++)
        for (let r = 0; r < size[2]; r++)
          for (let c = 0; c < C; c++, o++)
            for (const [P, a] of corners(p, D, size[0]))
              for (const [Q, b] of corners(q, H, size[1]))
                for (const [R, w] of corners(r, W, size[2]))
                  out[o]! += a * b * w * x.data[(((n * D + P) * H + Q) * W + R) * C + c]!;
  return out;
}

const sizes: [Triple, Triple, number][] = [
  [[3, 2, 4], [6, 4, 8], 3],
  [[4, 5, 3], [7, 3, 5], 1],
  [[5, 3, 4], [2, 3, 3], 5],
  [[1, 3, 2], [1, 2, 3], 17],
  [[1, 3, 2], [4, 1, 2], 2],
];

describeBackends('resize3d', (backend) => {
  for (const alignCorners of [false, true]) {
    it.each(sizes)(
      `trilinear equals the float64 reference with its gradient, align corners ${alignCorners}: [%s] → [%s] × %s channels`,
      async (from, to, channels) => {
        await check({
          backend,
          inputs: { x: normals([2, ...from, channels]) },
          op: ({ x }) => resize3d(x!, to, { alignCorners }),
          reference: ({ x }) => trilinear(x!, to, alignCorners),
          kernels: [KERNELS.Resample3d],
        });
      },
    );
  }

  it('trilinear gives the numbers of F.interpolate', async () => {
    await scoped(async () => {
      // F.interpolate(arange(1., 5.), size=8, mode='linear'), along W.
      const y = resize3d(tf.tensor5d([1, 2, 3, 4], [1, 1, 1, 4, 1]), [1, 1, 8]);
      expect([...(await y.data())]).toEqual([1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]);
    });
  });

  it.each(sizes)(
    'nearest takes voxel ⌊i·n/m⌋ of float and int32 volumes alike: [%s] → [%s] × %s channels',
    async (from, to, channels) => {
      const shape = [2, ...from, channels];
      const picked = ({ data }: Values) => {
        const out: number[] = [];
        for (let n = 0; n < 2; n++)
          for (let p = 0; p < to[0]; p++)
            for (let q = 0; q < to[1]; q++)
              for (let r = 0; r < to[2]; r++)
                for (let c = 0; c < channels; c++) {
                  const [P, Q, R] = [p, q, r].map((i, a) => Math.floor((i * from[a]!) / to[a]!)) as Triple;
                  out.push(data[(((n * from[0] + P) * from[1] + Q) * from[2] + R) * channels + c]!);
                }
        return out;
      };
      await check({
        backend,
        inputs: { x: normals(shape) },
        op: ({ x }) => resize3d(x!, to, { mode: 'nearest' }),
        reference: ({ x }) => picked(x!),
        kernels: [KERNELS.GatherAxes],
      });
      await scoped(async () => {
        const labels = normals(shape, 2).data.map((v) => Math.abs(Math.round(v)));
        const y = resize3d(tf.tensor(Int32Array.from(labels), shape, 'int32'), to, { mode: 'nearest' });
        expect(y.dtype).toBe('int32');
        expect([...(await y.data())]).toEqual(picked({ shape, data: labels }));
      });
    },
  );

  it('refuses to interpolate between labels', () => {
    tf.tidy(() => {
      expect(() => resize3d(tf.zeros([1, 2, 2, 2], 'int32'), [4, 4, 4])).toThrow("only be resized with mode 'nearest'");
      expect(() => resize3d(tf.zeros([1, 2, 2, 2]), [4, 0, 4])).toThrow('expected a size [D, H, W]');
      expect(() => resize3d(tf.zeros([2, 2, 2]), [4, 4, 4])).toThrow('expected x [N, D, H, W, C]');
    });
  });
});
