import { KERNELS, type NormAttrs } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { Lanes } from './lanes.js';
import { runningStatistics } from './runningStatistics.js';
import { vector } from './sums.js';

/** One group over the batch, or one a sample. */
const lanesOf = (kernel: string, { shape }: TensorInfo, over: NormAttrs['over']): Lanes =>
  new Lanes(kernel, shape, over === 'instance' ? shape[0] : 1);

/** y = γ·(x − mean)·rstd + β with rstd = 1/√(variance + ε), then ReLU where asked; also the statistics. */
const norm = defineKernel<{ x: TensorInfo; gamma?: TensorInfo; beta?: TensorInfo }, NormAttrs>(
  KERNELS.Norm,
  ({ inputs: { x, gamma, beta }, attrs: { over, epsilon, relu }, values, floats, room, output }) => {
    const lanes = lanesOf(KERNELS.Norm, x, over);
    const { groups, channels, voxels } = lanes;
    const xs = floats(x);
    const g = gamma && values(gamma);
    const b = beta && values(beta);
    const y = room(x.shape);
    const means = room([groups, channels]);
    const variances = room([groups, channels]);
    const centres = room([groups, channels]);
    const sums = lanes.sums(2);
    const near = lanes.table((group) => {
      const centre = lanes.part(centres, group);
      centre.set(lanes.nearMeans(xs, group));
      return [centre];
    });
    lanes.run('moments', xs.byteOffset, near, sums.at);
    const table = lanes.table((group) => {
      const [sum, squares] = [sums.fold({ group }), sums.fold({ group, row: 1 })];
      const centre = lanes.part(centres, group);
      const mean = lanes.part(means, group);
      const scale = new Float64Array(channels);
      const shift = new Float64Array(channels);
      for (let c = 0; c < channels; c++) {
        const beyond = sum[c]! / voxels;
        const variance = Math.max(squares[c]! / voxels - beyond * beyond, 0);
        const exact = centre[c]! + beyond;
        mean[c] = exact;
        variances[group * channels + c] = variance;
        scale[c] = (g ? g[c]! : 1) / Math.sqrt(variance + epsilon);
        // What the mean lost when it was rounded goes into the shift.
        shift[c] = (b ? b[c]! : 0) + (mean[c]! - exact) * scale[c]!;
      }
      return [mean, scale, shift];
    });
    lanes.run('normalise', xs.byteOffset, y.byteOffset, table, relu ? 0 : -Infinity);
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
  ({ inputs: { dy, x, y, mean, variance, gamma }, attrs: { over, epsilon, relu }, values, floats, room, output }) => {
    const lanes = lanesOf(KERNELS.NormGrad, x, over);
    const { channels, voxels } = lanes;
    const [means, variances] = [values(mean), values(variance)];
    const g = gamma && values(gamma);
    const gradient = floats(dy).byteOffset;
    const source = floats(x).byteOffset;
    const mask = relu ? floats(y).byteOffset : gradient;
    const dx = room(x.shape);
    const dgamma = new Float64Array(channels);
    const dbeta = new Float64Array(channels);
    const sums = lanes.sums(2);
    const centres = lanes.table((group) => [lanes.part(means, group)]);
    lanes.run('gradientSums', gradient, source, mask, centres, sums.at);
    const table = lanes.table((group) => {
      const [even, product] = [sums.fold({ group }), sums.fold({ group, row: 1 })];
      const spread = lanes.part(variances, group);
      const slope = new Float64Array(channels);
      const scale = new Float64Array(channels);
      for (let c = 0; c < channels; c++) {
        const rstd = 1 / Math.sqrt(spread[c]! + epsilon);
        const dg = product[c]! * rstd;
        dgamma[c]! += dg;
        dbeta[c]! += even[c]!;
        even[c]! /= voxels;
        slope[c] = (rstd * dg) / voxels;
        scale[c] = (g ? g[c]! : 1) * rstd;
      }
      return [lanes.part(means, group), even, slope, scale];
    });
    lanes.run('gradientMix', gradient, source, mask, dx.byteOffset, table);
    return [output(x.shape, dx), vector({ room, output }, dgamma), vector({ room, output }, dbeta)];
  },
);

export const normKernels: readonly KernelConfig[] = [norm, normGrad, runningStatistics];
