import { KERNELS } from '@crln/core';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';

const WORKGROUP = 64;

const RUNNING = () =>
  shader('running statistics', () => ({
    inputs: { mean: 'f32', variance: 'f32', batchMean: 'f32', batchVariance: 'f32' },
    outputs: { nextMean: 'f32', nextVariance: 'f32' },
    params: { size: 'u32', keep: 'f32', momentum: 'f32', unbiased: 'f32' },
    workgroup: [WORKGROUP],
    body: `
  if (index >= p.size) { return; }
  nextMean[index] = mean[index] * p.keep + batchMean[index] * p.momentum;
  nextVariance[index] = variance[index] * p.keep + batchVariance[index] * p.unbiased;`,
  }));

/** What running statistics are multiplied by, and the mean and the variance that they take in. */
export type RunningFactors = Record<'keep' | 'momentum' | 'unbiased', number>;

/** Those of a batch of so many values a channel: its biased variance is made unbiased. One value has none: left biased (0). */
export const runningFactors = (momentum: number, count: number): RunningFactors => ({
  keep: 1 - momentum,
  momentum,
  unbiased: (momentum * count) / Math.max(count - 1, 1),
});

/** Those of statistics that nothing is taken into. */
export const NO_MOMENTUM = runningFactors(0, 1);

/** running·(1 − momentum) + batch·momentum; the batch's variance, biased over `count` values, is made unbiased first. */
export const runningStatistics = defineKernel<
  Record<'mean' | 'variance' | 'batchMean' | 'batchVariance', TensorInfo>,
  { momentum: number; count: number }
>(KERNELS.RunningStatistics, ({ inputs, attrs: { momentum, count }, output, run }) => {
  const { mean, variance } = inputs;
  const size = util.sizeFromShape(mean.shape);
  const [nextMean, nextVariance] = [output(mean.shape), output(variance.shape)];
  const params = { size, ...runningFactors(momentum, count) };
  run(RUNNING(), { ...inputs, nextMean, nextVariance }, params, flatGroups(size, WORKGROUP));
  return [nextMean, nextVariance];
});
