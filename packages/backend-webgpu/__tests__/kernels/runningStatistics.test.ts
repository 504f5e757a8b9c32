import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { it } from 'vitest';
import { describeGpu, expectClose, normals, runOurs } from '../harness.js';

describeGpu('RunningStatistics', () => {
  it.each([
    [1, 9],
    [3, 9],
    [17, 2],
    [256, 1],
  ])(
    'takes a batch into the running mean and the unbiased variance of %i channels, %i values each',
    async (channels, count) => {
      const [mean, batchMean] = [normals(channels, 1), normals(channels, 2)];
      const [variance, batchVariance] = [normals(channels, 3).map(Math.abs), normals(channels, 4).map(Math.abs)];
      const inputs = { mean, variance, batchMean, batchVariance };
      const tensors = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, tf.tensor1d(values)]));
      const [nextMean, nextVariance] = await runOurs(KERNELS.RunningStatistics, tensors, { momentum: 0.3, count });
      const next = (old: Float32Array, now: Float32Array, factor: number) =>
        Float64Array.from(old, (value, c) => 0.7 * value + 0.3 * factor * now[c]!);
      expectClose(nextMean!, next(mean, batchMean, 1), 1e-6);
      expectClose(nextVariance!, next(variance, batchVariance, count / Math.max(count - 1, 1)), 1e-6);
    },
  );
});
