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

/** running·(1 − momentum) + batch·momentum; the batch's variance, biased over `count` values, is made unbiased first. */
export const runningStatistics = defineKernel<
  Record<'mean' | 'variance' | 'batchMean' | 'batchVariance', TensorInfo>,
  { momentum: number; count: number }
>(KERNELS.RunningStatistics, ({ inputs, attrs: { momentum, count }, output, run }) => {
  const { mean, variance } = inputs;
  const size = util.sizeFromShape(mean.shape);
  const [nextMean, nextVariance] = [output(mean.shape), output(variance.shape)];
  // One value has no unbiased variance: left biased (0).
  const unbiased = (momentum * count) / Math.max(count - 1, 1);
  const params = { size, keep: 1 - momentum, momentum, unbiased };
  run(RUNNING(), { ...inputs, nextMean, nextVariance }, params, flatGroups(size, WORKGROUP));
  return [nextMean, nextVariance];
});
