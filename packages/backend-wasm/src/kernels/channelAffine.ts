import { KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { Lanes } from './lanes.js';
import { vector } from './sums.js';

interface AffineAttrs {
  relu: boolean;
}

/** y = x·scale + shift per channel, then ReLU where asked. */
const channelAffine = defineKernel<Record<'x' | 'scale' | 'shift', TensorInfo>, AffineAttrs>(
  KERNELS.ChannelAffine,
  ({ inputs: { x, scale, shift }, attrs: { relu }, values, floats, room, output }) => {
    const lanes = new Lanes(KERNELS.ChannelAffine, x.shape);
    const table = lanes.table(() => [0, values(scale), values(shift)]);
    const y = room(x.shape);
    lanes.run('normalise', floats(x).byteOffset, y.byteOffset, table, relu ? 0 : -Infinity);
    return output(x.shape, y);
  },
);

/** With g = dy masked by the ReLU: dx = g·scale, dscale = Σ g·x, dshift = Σ g. */
const channelAffineGrad = defineKernel<Record<'dy' | 'x' | 'y' | 'scale', TensorInfo>, AffineAttrs>(
  KERNELS.ChannelAffineGrad,
  ({ inputs: { dy, x, y, scale }, attrs: { relu }, values, floats, room, output }) => {
    const lanes = new Lanes(KERNELS.ChannelAffineGrad, x.shape);
    const table = lanes.table(() => [values(scale)]);
    const sums = lanes.sums(2);
    const gradient = floats(dy).byteOffset;
    const mask = relu ? floats(y).byteOffset : gradient;
    const dx = room(x.shape);
    lanes.run('affineGrad', gradient, floats(x).byteOffset, mask, dx.byteOffset, table, sums.at);
    const perChannel = (row: number) => vector({ room, output }, sums.fold({ row }));
    return [output(x.shape, dx), perChannel(1), perChannel(0)];
  },
);

/** Σ x over all axes but the last. */
const channelSum = defineKernel<{ x: TensorInfo }>(KERNELS.ChannelSum, ({ inputs: { x }, floats, room, output }) => {
  const lanes = new Lanes(KERNELS.ChannelSum, x.shape);
  const sums = lanes.sums(1);
  lanes.run('channelSums', floats(x).byteOffset, sums.at);
  return vector({ room, output }, sums.fold());
});

/** y = x·mask, one factor for each sample and channel. */
const scaleChannels = defineKernel<Record<'x' | 'mask', TensorInfo>>(
  KERNELS.ScaleChannels,
  ({ inputs: { x, mask }, values, floats, room, output }) => {
    const lanes = new Lanes(KERNELS.ScaleChannels, x.shape, x.shape[0]);
    const factors = values(mask);
    const table = lanes.table((sample) => [0, lanes.part(factors, sample), 0]);
    const y = room(x.shape);
    lanes.run('normalise', floats(x).byteOffset, y.byteOffset, table, -Infinity);
    return output(x.shape, y);
  },
);

export const channelKernels: readonly KernelConfig[] = [channelAffine, channelAffineGrad, channelSum, scaleChannels];
