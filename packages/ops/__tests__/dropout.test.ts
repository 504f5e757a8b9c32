import { KERNELS, stream } from '@crln/core';
import { channelDropout, dropout, dropPath } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, ownKernels, scoped } from './support/backends.js';

const rng = () => stream(5, 'dropout');

describeBackends('dropout family', (backend) => {
  const own = ownKernels(backend);
  it.each([
    ['dropout', dropout],
    ['channelDropout', channelDropout],
    ['dropPath', dropPath],
  ] as const)(
    '%s scales what it keeps by 1/(1 − rate), gives the same for the same stream, and its gradient is its mask',
    async (_, drop) => {
      const before = tf.memory().numTensors;
      await scoped(async () => {
        const x = tf.ones([64, 2, 2, 2, 8]);
        const y = await drop(x, 0.25, rng()).data();
        const kept = y.filter((v) => v !== 0);
        expect([...new Set(kept)].map((v) => v.toFixed(5))).toEqual(['1.33333']);
        // dropPath decides 64 times only: four standard deviations.
        expect(Math.abs(kept.length / y.length - 0.75)).toBeLessThan(0.22);
        expect(await drop(x, 0.25, rng()).data()).toEqual(y);
        expect(
          await tf
            .grad((x: tf.Tensor) => tf.sum(drop(x, 0.25, rng())))(x)
            .data(),
        ).toEqual(y);
      });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('channelDropout decides once a sample and channel, on our own kernel', async () => {
    own?.reset();
    await scoped(async () => {
      const y = (await channelDropout(tf.ones([3, 2, 3, 2, 5]), 0.5, rng()).array()) as number[][][][][];
      const first = y.map((sample) => sample[0]![0]![0]!);
      expect(new Set(first.flat())).toEqual(new Set([0, 2]));
      for (const [n, sample] of y.entries()) {
        for (const voxel of sample.flat(2)) expect(voxel).toEqual(first[n]);
      }
    });
    if (own) expect(own.calls()[KERNELS.ScaleChannels]).toBeGreaterThan(0);
  });

  it('dropPath decides once a sample', async () => {
    await scoped(async () => {
      const y = (await dropPath(tf.ones([16, 2, 3]), 0.5, rng()).array()) as number[][][];
      const first = y.map((sample) => sample[0]![0]!);
      expect(new Set(first)).toEqual(new Set([0, 2]));
      y.forEach((sample, n) => {
        expect(new Set(sample.flat())).toEqual(new Set([first[n]]));
      });
    });
  });

  it('rate 0 changes nothing and draws nothing; 1 and more is refused', async () => {
    await scoped(async () => {
      const x = tf.ones([2, 3]);
      const used = rng();
      expect([...(await dropout(x, 0, used).data())]).toEqual([1, 1, 1, 1, 1, 1]);
      expect(used.uniform()).toBe(rng().uniform());
      expect(() => dropout(x, 1, rng())).toThrow('expected 0 <= rate < 1, got 1');
      expect(() => dropPath(x, Number.NaN, rng())).toThrow('got NaN');
    });
  });
});
