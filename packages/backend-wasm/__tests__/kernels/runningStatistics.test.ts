import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { expectClose, normals, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

it.each([1, 3, 17, 256])('takes a batch into the running mean and the unbiased variance of %i channels', (channels) => {
  const [mean, batchMean] = [normals(channels, 1), normals(channels, 2)];
  const [variance, batchVariance] = [normals(channels, 3).map(Math.abs), normals(channels, 4).map(Math.abs)];
  const inputs = { mean, variance, batchMean, batchVariance };
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, tf.tensor1d(values)]));
  const [nextMean, nextVariance] = runOurs(KERNELS.RunningStatistics, tensors, { momentum: 0.3, count: 9 });
  const next = (old: Float32Array, now: Float32Array, factor: number) =>
    Float64Array.from(old, (value, c) => 0.7 * value + 0.3 * factor * now[c]!);
  expectClose(nextMean!, next(mean, batchMean, 1), 1e-6);
  expectClose(nextVariance!, next(variance, batchVariance, 9 / 8), 1e-6);
  expect([...tensors.mean!.dataSync()]).toEqual([...mean]);
});
