import { KERNELS } from '@crln/core';
import { channelSum, diceSums } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { sumChannels } from './support/convReference.js';
import { check, normals } from './support/gradcheck.js';

/** Each row's exponentials over their sum. */
const softmaxOf = (x: Float64Array, classes: number): Float64Array =>
  x.map((value, i) => {
    const row = x.subarray(i - (i % classes), i - (i % classes) + classes);
    return Math.exp(value) / row.reduce((sum, logit) => sum + Math.exp(logit), 0);
  });

describeBackends('diceSums', (backend) => {
  it.each([1, 2, 3, 17].flatMap((classes) => [[classes, false] as const, [classes, true] as const]))(
    'equals the float64 reference with its gradient; an ignored voxel is of no class: %s classes, of the softmax %s',
    async (classes, softmax) => {
      const shape = [2, 3, 2, 2];
      const labels = Array.from({ length: 24 }, (_, v) => (v % 6 === 1 ? -1 : (v * 5) % classes));
      await check({
        backend,
        inputs: { probabilities: normals([...shape, classes]) },
        op: ({ probabilities }) =>
          tf.tidy(() => diceSums(probabilities!, tf.tensor(labels, shape, 'int32'), { softmax })),
        reference: ({ probabilities }) => {
          const sums = new Float64Array(3 * classes);
          const { data } = probabilities!;
          (softmax ? softmaxOf(data, classes) : data).forEach((p, i) => {
            const [v, c] = [Math.floor(i / classes), i % classes];
            const t = labels[v] === c ? 1 : 0;
            sums[c]! += p * t;
            sums[classes + c]! += p * p;
            sums[2 * classes + c]! += t;
          });
          return sums;
        },
        kernels: [KERNELS.DiceSums, KERNELS.DiceSumsGrad],
      });
    },
  );
});

describeBackends('channelSum', (backend) => {
  it.each([[[2, 3, 2, 3, 5]], [[7, 1]], [[2, 3, 17]]])('sums all axes but the last: %j', async (shape) => {
    await check({
      backend,
      inputs: { x: normals(shape) },
      op: ({ x }) => channelSum(x!),
      reference: ({ x }) => sumChannels(x!.data, shape[shape.length - 1]!),
      kernels: [KERNELS.ChannelSum],
    });
  });

  it('keeps the error of a million values small', async () => {
    await scoped(async () => {
      // 0.1 is not a float32 number: a naive float32 sum is off by 1e-3 here.
      expect(Math.abs((await channelSum(tf.fill([1, 100, 100, 100, 1], 0.1)).data())[0]! / 1e5 - 1)).toBeLessThan(1e-6);
    });
  });
});
