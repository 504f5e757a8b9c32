import { KERNELS, type NormAttrs } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { affine, channelMoments, gradientMix, gradientSums, masked } from './channelLoops.js';

/** Groups that share statistics, and channels: one group over the batch, or one a sample. */
const groupsOf = (x: TensorInfo, over: NormAttrs['over']) => ({
  groups: over === 'instance' ? x.shape[0]! : 1,
  channels: x.shape.at(-1)!,
});

/** y = γ·(x − mean)·rstd + β with rstd = 1/√(variance + ε), then ReLU where asked; also the statistics. */
const norm = defineKernel<{ x: TensorInfo; gamma?: TensorInfo; beta?: TensorInfo }, NormAttrs>(
  KERNELS.Norm,
  ({ inputs: { x, gamma, beta }, attrs: { over, epsilon, relu }, values, output }) => {
    const { groups, channels } = groupsOf(x, over);
    const xs = values(x);
    const g = gamma && values(gamma);
    const b = beta && values(beta);
    const y = new Float32Array(xs.length);
    const means = new Float32Array(groups * channels);
    const variances = new Float32Array(groups * channels);
    const scale = new Float64Array(channels);
    const shift = new Float64Array(channels);
    const size = xs.length / groups;
    for (let group = 0; group < groups; group++) {
      const part = xs.subarray(group * size, (group + 1) * size);
      const { mean, variance } = channelMoments(part, channels);
      means.set(mean, group * channels);
      variances.set(variance, group * channels);
      for (let c = 0; c < channels; c++) {
        scale[c] = (g ? g[c]! : 1) / Math.sqrt(variance[c]! + epsilon);
        shift[c] = (b ? b[c]! : 0) - mean[c]! * scale[c]!;
      }
      affine(part, scale, shift, relu, y.subarray(group * size, (group + 1) * size));
    }
    const perGroup = [groups, channels];
    return [output(x.shape, y), output(perGroup, means), output(perGroup, variances)];
  },
);

type NormGradInputs = Record<'dy' | 'x' | 'y' | 'mean' | 'variance', TensorInfo> & {
  gamma?: TensorInfo;
  beta?: TensorInfo;
};

/**
 * With g = dy masked by the ReLU, n = (x − mean)·rstd and V voxels in a group: dβ = Σ g, dγ = Σ g·n,
 * dx = γ·rstd·(g − dβ/V − n·dγ/V), the last two sums over the group only.
 */
const normGrad = defineKernel<NormGradInputs, NormAttrs>(
  KERNELS.NormGrad,
  ({ inputs: { dy, x, y, mean, variance, gamma }, attrs: { over, epsilon, relu }, values, output }) => {
    const { groups, channels } = groupsOf(x, over);
    const [xs, means, variances] = [values(x), values(mean), values(variance)];
    const g = gamma && values(gamma);
    const dys = relu ? masked(values(dy), values(y)) : values(dy);
    const dx = relu ? dys : new Float32Array(xs.length);
    const dgamma = new Float64Array(channels);
    const dbeta = new Float64Array(channels);
    const a = new Float64Array(channels);
    const b = new Float64Array(channels);
    const k = new Float64Array(channels);
    const size = xs.length / groups;
    const voxels = size / channels;
    for (let group = 0; group < groups; group++) {
      const part = (of: Float32Array) => of.subarray(group * size, (group + 1) * size);
      const centre = means.subarray(group * channels, (group + 1) * channels);
      const { sum, product } = gradientSums(part(dys), part(xs), centre);
      for (let c = 0; c < channels; c++) {
        const rstd = 1 / Math.sqrt(variances[group * channels + c]! + epsilon);
        const dg = product[c]! * rstd;
        dgamma[c]! += dg;
        dbeta[c]! += sum[c]!;
        a[c] = (g ? g[c]! : 1) * rstd;
        b[c] = (-a[c]! * rstd * dg) / voxels;
        k[c] = (-a[c]! * sum[c]!) / voxels - b[c]! * centre[c]!;
      }
      gradientMix(part(dys), part(xs), { a, b, c: k }, part(dx));
    }
    return [
      output(x.shape, dx),
      output([channels], Float32Array.from(dgamma)),
      output([channels], Float32Array.from(dbeta)),
    ];
  },
);

export const normKernels: readonly KernelConfig[] = [norm, normGrad];
