import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { relativeError } from '../reference.js';
import { normals, RUNS, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

it('takes a batch into the running mean and the unbiased variance of any number of channels', () => {
  const cases = fc.record({
    channels: fc.constantFrom(1, 3, 5, 17, 256),
    momentum: fc.double({ min: 0, max: 1, noNaN: true }),
    count: fc.integer({ min: 1, max: 1000 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ channels, momentum, count, seed }) => {
      const [mean, batchMean] = [normals(channels, seed), normals(channels, seed + 1)];
      const [variance, batchVariance] = [normals(channels, seed + 2), normals(channels, seed + 3)].map((values) =>
        values.map(Math.abs),
      ) as [Float32Array, Float32Array];
      const inputs = { mean, variance, batchMean, batchVariance };
      const tensors = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, tf.tensor1d(values)]));
      const [nextMean, nextVariance] = runOurs(KERNELS.RunningStatistics, tensors, { momentum, count });
      const next = (old: Float32Array, now: Float32Array, factor: number) =>
        Float64Array.from(old, (value, c) => (1 - momentum) * value + momentum * factor * now[c]!);
      expect(relativeError(nextMean!, next(mean, batchMean, 1))).toBeLessThan(1e-6);
      // A batch of one value has no unbiased variance: it is taken as it is.
      const unbiased = count / Math.max(count - 1, 1);
      expect(relativeError(nextVariance!, next(variance, batchVariance, unbiased))).toBeLessThan(1e-6);
      expect([...tensors.mean!.dataSync()]).toEqual([...mean]);
      tf.dispose(tensors);
    }),
    RUNS,
  );
});
