import { KERNELS } from '@crln/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';

/** running·(1 − momentum) + batch·momentum; the batch's variance, biased over `count` values, is made unbiased first. */
export const runningStatistics = defineKernel<
  Record<'mean' | 'variance' | 'batchMean' | 'batchVariance', TensorInfo>,
  { momentum: number; count: number }
>(KERNELS.RunningStatistics, ({ inputs, attrs: { momentum, count }, values, room, output }) => {
  const next = (running: TensorInfo, batch: TensorInfo, factor: number) => {
    const [old, now, out] = [values(running), values(batch), room(running.shape)];
    for (let c = 0; c < out.length; c++) out[c] = old[c]! * (1 - momentum) + now[c]! * factor;
    return output(running.shape, out);
  };
  const unbiased = count / Math.max(count - 1, 1);
  return [
    next(inputs.mean, inputs.batchMean, momentum),
    next(inputs.variance, inputs.batchVariance, momentum * unbiased),
  ];
});
