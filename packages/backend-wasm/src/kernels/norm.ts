import { KERNELS, type NormAttrs } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { Lanes } from './lanes.js';
import { runningStatistics } from './runningStatistics.js';
import { vector } from './sums.js';

/** One group over the batch, or one a sample. */
const lanesOf = (kernel: string, { shape }: TensorInfo, over: NormAttrs['over']): Lanes =>
  new Lanes(kernel, shape, over === 'instance' ? shape[0] : 1);

/** What a value is at least after the fused ReLU, or without one. */
const least = (relu: boolean) => (relu ? 0 : -Infinity);

/** scale = γ·rstd with rstd = 1/√(variance + ε), of float32 statistics: the gradient finds the same. */
const scaled = (variance: number, epsilon: number, gamma: number | undefined) =>
  (gamma ?? 1) / Math.sqrt(variance + epsilon);

/** y = (x − mean)·scale + shift, then ReLU where asked; also the statistics and the shift, which is about β. */
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
    const shifts = room([groups, channels]);
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
      const [mean, spread, shift] = [means, variances, shifts].map((values) => lanes.part(values, group)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const scale = new Float64Array(channels);
      for (let c = 0; c < channels; c++) {
        const beyond = sum[c]! / voxels;
        const exact = centre[c]! + beyond;
        mean[c] = exact;
        spread[c] = Math.max(squares[c]! / voxels - beyond * beyond, 0);
        scale[c] = scaled(spread[c]!, epsilon, g?.[c]);
        // What the mean lost when it was rounded goes into the shift.
        shift[c] = (b ? b[c]! : 0) + (mean[c]! - exact) * scale[c]!;
      }
      return [mean, scale, shift];
    });
    lanes.run('normalise', xs.byteOffset, y.byteOffset, table, least(relu));
    const perGroup = [means, variances, shifts].map((values) => output([groups, channels], values));
    return [output(x.shape, y), ...perGroup];
  },
);

type NormGradInputs = Record<'dy' | 'x' | 'mean' | 'variance' | 'shift', TensorInfo> & { gamma?: TensorInfo };

/**
 * With g = dy masked by the ReLU, n = (x − mean)·rstd and V voxels in a group: dβ = Σ g, dγ = Σ g·n,
 * dx = γ·rstd·(g − dβ/V − n·dγ/V), the last two sums over the group only.
 */
const normGrad = defineKernel<NormGradInputs, NormAttrs>(
  KERNELS.NormGrad,
  ({
    inputs: { dy, x, mean, variance, shift, gamma },
    attrs: { over, epsilon, relu },
    values,
    floats,
    room,
    output,
  }) => {
    const lanes = lanesOf(KERNELS.NormGrad, x, over);
    const { channels, voxels } = lanes;
    const [means, variances, shifts] = [values(mean), values(variance), values(shift)];
    const g = gamma && values(gamma);
    const gradient = floats(dy).byteOffset;
    const source = floats(x).byteOffset;
    const dx = room(x.shape);
    const dgamma = new Float64Array(channels);
    const dbeta = new Float64Array(channels);
    const sums = lanes.sums(2);
    const scales = Array.from({ length: lanes.groups }, (_, group) =>
      Float64Array.from(lanes.part(variances, group), (spread, c) => scaled(spread, epsilon, g?.[c])),
    );
    const forward = lanes.table((group) => [lanes.part(means, group), scales[group]!, lanes.part(shifts, group)]);
    lanes.run('gradientSums', gradient, source, forward, least(relu), sums.at);
    const table = lanes.table((group) => {
      const [even, product] = [sums.fold({ group }), sums.fold({ group, row: 1 })];
      const spread = lanes.part(variances, group);
      const slope = new Float64Array(channels);
      for (let c = 0; c < channels; c++) {
        const rstd = 1 / Math.sqrt(spread[c]! + epsilon);
        const dg = product[c]! * rstd;
        dgamma[c]! += dg;
        dbeta[c]! += even[c]!;
        even[c]! /= voxels;
        slope[c] = (rstd * dg) / voxels;
      }
      return [lanes.part(means, group), even, slope, scales[group]!, lanes.part(shifts, group)];
    });
    lanes.run('gradientMix', gradient, source, dx.byteOffset, table, least(relu));
    return [output(x.shape, dx), vector({ room, output }, dgamma), vector({ room, output }, dbeta)];
  },
);

export const normKernels: readonly KernelConfig[] = [norm, normGrad, runningStatistics];
