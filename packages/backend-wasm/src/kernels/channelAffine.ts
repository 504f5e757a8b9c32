import { KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { affine, channelSums, gradientSums, masked } from './channelLoops.js';

interface AffineAttrs {
  relu: boolean;
}

/** y = x·scale + shift per channel, then ReLU where asked. */
const channelAffine = defineKernel<Record<'x' | 'scale' | 'shift', TensorInfo>, AffineAttrs>(
  KERNELS.ChannelAffine,
  ({ inputs: { x, scale, shift }, attrs: { relu }, values, output }) => {
    const xs = values(x);
    const y = new Float32Array(xs.length);
    affine(xs, values(scale), values(shift), relu, y);
    return output(x.shape, y);
  },
);

/** With g = dy masked by the ReLU: dx = g·scale, dscale = Σ g·x, dshift = Σ g. */
const channelAffineGrad = defineKernel<Record<'dy' | 'x' | 'y' | 'scale', TensorInfo>, AffineAttrs>(
  KERNELS.ChannelAffineGrad,
  ({ inputs: { dy, x, y, scale }, attrs: { relu }, values, output }) => {
    const [xs, a] = [values(x), values(scale)];
    const dys = relu ? masked(values(dy), values(y)) : values(dy);
    const none = new Float64Array(a.length);
    const { sum, product } = gradientSums(dys, xs, none);
    const dx = relu ? dys : new Float32Array(xs.length);
    affine(dys, a, none, false, dx);
    const perChannel = [a.length];
    return [
      output(x.shape, dx),
      output(perChannel, Float32Array.from(product)),
      output(perChannel, Float32Array.from(sum)),
    ];
  },
);

/** Σ x over all axes but the last. */
const channelSum = defineKernel<{ x: TensorInfo }>(KERNELS.ChannelSum, ({ inputs: { x }, values, output }) => {
  const channels = x.shape.at(-1)!;
  return output([channels], Float32Array.from(channelSums(values(x), channels)));
});

/** y = x·mask, one factor for each sample and channel. */
const scaleChannels = defineKernel<Record<'x' | 'mask', TensorInfo>>(
  KERNELS.ScaleChannels,
  ({ inputs: { x, mask }, values, output }) => {
    const xs = values(x);
    const masks = values(mask);
    const y = new Float32Array(xs.length);
    const samples = x.shape[0]!;
    const channels = x.shape.at(-1)!;
    const size = xs.length / samples;
    const none = new Float64Array(channels);
    for (let n = 0; n < samples; n++) {
      const part = [n * size, (n + 1) * size] as const;
      const scale = masks.subarray(n * channels, (n + 1) * channels);
      affine(xs.subarray(...part), scale, none, false, y.subarray(...part));
    }
    return output(x.shape, y);
  },
);

export const channelKernels: readonly KernelConfig[] = [channelAffine, channelAffineGrad, channelSum, scaleChannels];
