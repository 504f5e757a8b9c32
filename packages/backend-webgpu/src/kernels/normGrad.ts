import { KERNELS, type NormAttrs } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { partialSums, type SumSource, sumMemory, sumParts } from './laneSums.js';
import { eachVoxel, Lanes, laneShader } from './lanes.js';
import { expectTypes } from './operandTypes.js';

const MOST_WORKGROUPS = 1024;

/** `passed` is dy where the ReLU let through: where the forward pass, computed again, is above 0. A NaN in dy shows wherever it is. */
const through = (relu: boolean): string => `
      let d = x[at] - m;
      let passed = ${relu ? 'select(T(0), dy[at], (fma(d, scale, offset) > T(0)) | anyNan(dy[at]))' : 'dy[at]'};`;

/** Σ g and Σ g·(x − mean) of each part; also what the second pass needs of the statistics: [groups, (mean, rstd, scale, shift), channels]. */
const sumsOf = (relu: boolean, gamma: boolean): SumSource => ({
  inputs: { dy: 'T', x: 'T', mean: 'T', variance: 'T', shift: 'T', ...(gamma && { gamma: 'T' as const }) },
  outputs: { statistics: 'T' },
  params: { epsilon: 'f32' },
  setup: `
    let m = mean[place];
    let rstd = T(1) / sqrt(variance[place] + p.epsilon);
    let scale = ${gamma ? 'gamma[channel] / sqrt(variance[place] + p.epsilon)' : 'rstd'};
    let offset = shift[place];
    if (group.x == 0u && row == 0u) {
      let to = group.z * 4u * p.channels + channel;
      statistics[to] = m;
      statistics[to + p.channels] = rstd;
      statistics[to + 2u * p.channels] = scale;
      statistics[to + 3u * p.channels] = offset;
    }`,
  each: through(relu),
  terms: ['passed', 'passed * d'],
});

const statistic = (row: number): string => `statistics[(g * 4u + ${row}u) * p.channels + channel]`;

/**
 * dx = (g − mean(g) − (x − mean)·slope)·scale: what belongs to a voxel comes first, so that a group of one voxel has exactly 0. The
 * first workgroup of a channel adds up all groups for dγ and dβ; the others only their own.
 */
const mixShader = (lanes: Lanes, relu: boolean) =>
  laneShader(`norm grad ${relu}`, lanes, () => ({
    inputs: { dy: 'T', x: 'T', statistics: 'T', sums: 'T' },
    outputs: { dx: 'T', dgamma: 'T', dbeta: 'T' },
    params: { parts: 'u32', groups: 'u32', inverse: 'f32' },
    declarations: sumMemory(2),
    body: `
  let all = group.x == 0u && group.z == 0u;
  var even = T(0);
  var slope = T(0);
  var gain = T(0);
  var bias = T(0);
  for (var g = group.z; g < select(group.z + 1u, p.groups, all); g++) {
    ${sumParts(2)}
    if (live) {
      let rstd = ${statistic(1)};
      gain += shared1[lane] * rstd;
      bias += shared0[lane];
      if (g == group.z) {
        even = shared0[lane] * p.inverse;
        slope = shared1[lane] * rstd * rstd * p.inverse;
      }
    }
    workgroupBarrier();
  }
  if (all && live && row == 0u) {
    dgamma[channel] = gain;
    dbeta[channel] = bias;
  }
  if (live) {
    let g = group.z;
    let m = ${statistic(0)};
    let scale = ${statistic(2)};
    let offset = ${statistic(3)};
    ${eachVoxel(`${through(relu)}
      dx[at] = (passed - even - d * slope) * scale;`)}
  }`,
  }));

type NormGradInputs = Record<'dy' | 'x' | 'mean' | 'variance' | 'shift', TensorInfo> & { gamma?: TensorInfo };

/**
 * With g = dy masked by the ReLU, n = (x − mean)·rstd and V voxels in a group: dβ = Σ g, dγ = Σ g·n,
 * dx = γ·rstd·(g − dβ/V − n·dγ/V), the last two sums over the group only.
 */
const normGrad = defineKernel<NormGradInputs, NormAttrs>(KERNELS.NormGrad, (call) => {
  const { inputs, output, constant, scratch, run } = call;
  const { over, epsilon, relu } = call.attrs;
  const { dy, x, gamma } = inputs;
  expectTypes(KERNELS.NormGrad, inputs, []);
  const lanes = new Lanes(x.shape, over === 'instance' ? x.shape[0] : 1);
  const dx = output(x.shape);
  if (lanes.voxels === 0) {
    const none = () => constant(new Float32Array(lanes.width), [lanes.width]);
    return [dx, none(), none()];
  }
  const [dgamma, dbeta] = [output([lanes.width]), output([lanes.width])];
  const statistics = scratch(lanes.groups * 4 * lanes.width);
  const { sums, parts } = partialSums(
    call,
    lanes,
    `norm grad sums ${relu} ${gamma !== undefined}`,
    sumsOf(relu, gamma !== undefined),
    { operands: { ...inputs, statistics }, params: { epsilon } },
  );
  const { params, groups } = lanes.walk(8, MOST_WORKGROUPS);
  run(
    mixShader(lanes, relu),
    { dy, x, statistics, sums, dx, dgamma, dbeta },
    { ...params, parts, groups: lanes.groups, inverse: 1 / lanes.voxels },
    groups,
  );
  return [dx, dgamma, dbeta];
});

export const normGradKernels: readonly KernelConfig[] = [normGrad];
