import { KERNELS, stream } from '@crln/core';
import { gatherRows, gatherVoxels, sampleMasked } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeBackends, ownKernels, scoped } from './support/backends.js';
import { check, normals } from './support/gradcheck.js';

describeBackends('gatherRows', (backend) => {
  it.each([1, 3, 17])('picks rows, and its gradient adds up those picked more than once: width %s', async (width) => {
    const picked = [3, 0, 3, 5, 3, 0];
    await check({
      backend,
      inputs: { x: normals([6, width]) },
      op: ({ x }) => tf.tidy(() => gatherRows(x!, tf.tensor1d(picked, 'int32'))),
      reference: ({ x }) => picked.flatMap((row) => [...x!.data.subarray(row * width, (row + 1) * width)]),
      kernels: [KERNELS.ScatterRows],
    });
  });
});

describeBackends('gatherVoxels', (backend) => {
  const own = ownKernels(backend);
  const index = Int32Array.from({ length: 48 }, (_, v) => (v % 5 === 2 ? -1 : (v * 31) % 48));

  it.each([[[2, 2, 3, 4]], [[2, 2, 3, 4, 3]], [[2, 2, 3, 4, 5]], [[2, 2, 3, 4, 17]]])(
    'moves voxels and fills where the index is −1: %j',
    async (shape) => {
      const channels = shape[4] ?? 1;
      await check({
        backend,
        inputs: { x: normals(shape) },
        op: ({ x }) => gatherVoxels(x!, index, 0.5),
        reference: ({ x }) =>
          [...index].flatMap((v) =>
            v < 0 ? Array(channels).fill(0.5) : [...x!.data.subarray(v * channels, (v + 1) * channels)],
          ),
        kernels: [KERNELS.GatherVoxels, KERNELS.ScatterRows],
      });
    },
  );

  it('keeps labels int32 and takes the index as a tensor too', async () => {
    await scoped(async () => {
      const labels = Int32Array.from(index, (_, v) => v % 3);
      own?.reset();
      const y = gatherVoxels(tf.tensor4d(labels, [2, 2, 3, 4], 'int32'), tf.tensor1d(index, 'int32'), -1);
      expect(y.dtype).toBe('int32');
      if (own) expect(own.calls()).toEqual({ [KERNELS.GatherVoxels]: 1 });
      expect([...(await y.data())]).toEqual([...index].map((v) => (v < 0 ? -1 : labels[v])));
    });
  });

  it('refuses an index of another size', () => {
    tf.tidy(() => {
      expect(() => gatherVoxels(tf.zeros([1, 2, 2, 2]), new Int32Array(7))).toThrow(
        'an index of N·D·H·W, got [1,2,2,2] and 7',
      );
    });
  });
});

describeBackends('sampleMasked', () => {
  it('gives the ⌊u·count⌋-th set voxel of any mask', async () => {
    const masks = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
    const uniforms = fc.array(fc.integer({ min: 0, max: 2 ** 24 - 1 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(masks, uniforms, async (mask, draws) => {
        const set = mask.flatMap((on, v) => (on ? [v] : []));
        const us = draws.map((n) => n / 2 ** 24);
        await scoped(async () => {
          const drawn = sampleMasked(tf.tensor1d(mask.map(Number)), tf.tensor1d(us));
          expect(drawn.dtype).toBe('int32');
          expect(drawn.shape).toEqual([us.length]);
          expect([...(await drawn.data())]).toEqual(us.map((u) => set[Math.floor(Math.fround(u * set.length))] ?? 0));
        });
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('stays inside the mask for a uniform that float32 rounded up to 1', async () => {
    await scoped(async () => {
      expect([...(await sampleMasked(tf.tensor1d([0, 1, 1, 0]), tf.tensor1d([1, 1 - 2 ** -26])).data())]).toEqual([
        2, 2,
      ]);
    });
  });

  it('returns 0 for an empty mask, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const [mask, uniforms] = [tf.zeros([5]), tf.tensor1d([0, 0.5, 0.99])];
    const drawn = sampleMasked(mask, uniforms);
    expect([...(await drawn.data())]).toEqual([0, 0, 0]);
    tf.dispose([mask, uniforms, drawn]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('finds the right voxels of a large mask, far past what a float32 sum of small numbers would', async () => {
    await scoped(async () => {
      const size = 300_000;
      const rng = stream(4, 'mask');
      const mask = Float32Array.from({ length: size }, () => (rng.bernoulli(0.3) ? 1 : 0));
      const set = [...mask.keys()].filter((v) => mask[v] === 1);
      const ranks = [0, 1, 17, 50_000, set.length - 1];
      const uniforms = ranks.map((rank) => (rank + 0.5) / set.length);
      expect([...(await sampleMasked(tf.tensor1d(mask), tf.tensor1d(uniforms)).data())]).toEqual(
        ranks.map((rank) => set[rank]),
      );
    });
  });
});
