import { KERNELS, type NormAttrs } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { Block } from '../gpu/pool.js';
import { defineKernel } from '../kernelConfig.js';
import { DEFERRED, deferredSum, MOST_SUMMED } from './deferring.js';
import { addRows, partialSums, type SumSource, sumMemory, sumParts } from './laneSums.js';
import { eachVoxel, Lanes, laneShader } from './lanes.js';
import { expectTypes } from './operandTypes.js';
import { packed } from './packed.js';

const MOST_WORKGROUPS = 1024;

/** `passed` is dy where the ReLU let through: where the forward pass, computed again, is above 0. A NaN in dy shows wherever it is. */
const through = (relu: boolean, dy = 'dy[at]'): string => `
      let d = x[at] - m;
      let passed = ${relu ? `select(T(0), ${dy}, (fma(d, scale, offset) > T(0)) | anyNan(${dy}))` : dy};`;

const SUMS = ['passed', 'passed * d', 'd'];

/** Σ g, Σ g·(x − mean) and Σ (x − mean) of each part; also what the second pass needs of the statistics: [groups, (mean, rstd, scale, shift), channels]. */
const sumsOf = (relu: boolean, gamma: boolean): SumSource => ({
  inputs: { ...GIVEN, ...(gamma && { gamma: 'T' as const }) },
  outputs: { statistics: 'T' },
  params: { epsilon: 'f32' },
  setup: `
    ${ofChannel(gamma)}
    if (group.x == 0u && row == 0u) {
      let to = group.z * 4u * p.channels + channel;
      statistics[to] = m;
      statistics[to + p.channels] = rstd;
      statistics[to + 2u * p.channels] = scale;
      statistics[to + 3u * p.channels] = offset;
    }`,
  each: through(relu),
  terms: SUMS,
});

const OF_X = { x: 'T', mean: 'T', variance: 'T', shift: 'T' } as const;
const GIVEN = { dy: 'T', ...OF_X } as const;

/** What a thread knows of its channels. */
const ofChannel = (gamma: boolean): string => `
    let m = mean[place];
    let rstd = T(1) / sqrt(variance[place] + p.epsilon);
    let scale = ${gamma ? 'gamma[channel] / sqrt(variance[place] + p.epsilon)' : 'rstd'};
    let offset = shift[place];`;

const statistic = (row: number): string => `statistics[(g * 4u + ${row}u) * p.channels + channel]`;

/** What belongs to a voxel comes first, so that a group of one voxel has exactly 0. */
const DX = 'dx[at] = (passed - even - d * slope) * scale;';

/**
 * dx = (g − mean(g) − (x − mean)·slope)·scale. The first workgroup of a channel adds up all groups for dγ, dβ and Σ dx; the others only
 * their own.
 */
const mixShader = (lanes: Lanes, relu: boolean) =>
  laneShader(`norm grad ${relu}`, lanes, () => ({
    inputs: { dy: 'T', x: 'T', statistics: 'T', sums: 'T' },
    outputs: { dx: 'T', results: 'T' },
    params: { parts: 'u32', groups: 'u32', inverse: 'f32', stride: 'u32' },
    declarations: sumMemory(SUMS.length),
    body: `
  let all = group.x == 0u && group.z == 0u;
  var even = T(0);
  var slope = T(0);
  var gain = T(0);
  var bias = T(0);
  var total = T(0);
  for (var g = group.z; g < select(group.z + 1u, p.groups, all); g++) {
    ${sumParts(SUMS.length)}
    if (live) {
      let rstd = ${statistic(1)};
      let evenOfG = shared0[lane] * p.inverse;
      let slopeOfG = shared1[lane] * rstd * rstd * p.inverse;
      gain += shared1[lane] * rstd;
      bias += shared0[lane];
      total += (shared0[lane] - f32(p.voxels) * evenOfG - slopeOfG * shared2[lane]) * ${statistic(2)};
      if (g == group.z) {
        even = evenOfG;
        slope = slopeOfG;
      }
    }
    workgroupBarrier();
  }
  if (all && live && row == 0u) {
    results[channel] = total;
    results[p.stride + channel] = gain;
    results[2u * p.stride + channel] = bias;
  }
  if (live) {
    let g = group.z;
    let m = ${statistic(0)};
    let scale = ${statistic(2)};
    let offset = ${statistic(3)};
    ${eachVoxel(`${through(relu)} ${DX}`)}
  }`,
  }));

/** Both passes over one group in one workgroup for its channels. A dy that is `deferred` lies in dx between the two. */
const aloneShader = (lanes: Lanes, relu: boolean, gamma: boolean, deferred: boolean) =>
  laneShader(`norm grad alone ${relu} ${gamma} ${deferred}`, lanes, () => ({
    inputs: { ...(deferred ? { ...OF_X, partials: 'T' } : GIVEN), ...(gamma && { gamma: 'T' as const }) },
    outputs: { dx: 'T', results: 'T' },
    params: { epsilon: 'f32', inverse: 'f32', stride: 'u32', ...(deferred && DEFERRED) },
    declarations: sumMemory(2),
    body: `
  var sum0 = T(0);
  var sum1 = T(0);
  if (live) {
    ${ofChannel(gamma)}
    ${eachVoxel(`
      ${deferred ? `${deferredSum(false)} dx[at] = whole;` : ''}
      ${through(relu, deferred ? 'dx[at]' : 'dy[at]')} sum0 += passed; sum1 += passed * d;`)}
  }
  ${addRows(2)}
  let bias = shared0[lane];
  let product = shared1[lane];
  workgroupBarrier();
  sum0 = T(0);
  if (live) {
    ${ofChannel(gamma)}
    let even = bias * p.inverse;
    let slope = product * rstd * rstd * p.inverse;
    ${eachVoxel(`${through(relu, deferred ? 'dx[at]' : 'dy[at]')} ${DX} sum0 += dx[at];`)}
    if (row == 0u) {
      results[p.stride + channel] = product * rstd;
      results[2u * p.stride + channel] = bias;
    }
  }
  ${addRows(1)}
  if (live && row == 0u) { results[channel] = shared0[lane]; }`,
  }));

type NormGradInputs = Record<'dy' | 'x' | 'mean' | 'variance' | 'shift', TensorInfo> & { gamma?: TensorInfo };

/**
 * With g = dy masked by the ReLU, n = (x − mean)·rstd and V voxels in a group: dβ = Σ g, dγ = Σ g·n,
 * dx = γ·rstd·(g − dβ/V − n·dγ/V), the last two sums over the group only.
 */
const normGrad = defineKernel<NormGradInputs, NormAttrs>(KERNELS.NormGrad, (call) => {
  const { inputs, output, constant, scratch, run, backend } = call;
  const { over, epsilon, relu } = call.attrs;
  const { dy, x, gamma } = inputs;
  expectTypes(KERNELS.NormGrad, inputs, []);
  const count = over === 'instance' ? x.shape[0]! : 1;
  const alone = count === 1 ? Lanes.alone(x.shape) : undefined;
  const lanes = alone ?? new Lanes(x.shape, count);
  const dx = output(x.shape);
  if (lanes.voxels === 0) {
    const none = () => constant(new Float32Array(lanes.width), [lanes.width]);
    return [dx, none(), none()];
  }
  const layout = { count: 3, shape: [lanes.width], lane: lanes.element };
  const { whole: results, parts: blocks, stride } = packed(call, KERNELS.NormGrad, layout);
  const shared = { inverse: 1 / lanes.voxels, stride };
  if (alone) {
    const { params, groups } = alone.whole();
    const found = backend.deferred(dy);
    const sum = found && !found.bias && found.count * alone.deep <= MOST_SUMMED ? found : undefined;
    const program = aloneShader(alone, relu, gamma !== undefined, sum !== undefined);
    const operands = { ...inputs, dx, results, ...(sum && { partials: sum.parts }) };
    const parts = { partCount: sum?.count ?? 0, partSize: alone.count(sum?.size ?? 0) };
    run(program, operands, { ...params, ...shared, ...parts, epsilon }, groups);
  } else {
    const statistics = scratch(lanes.groups * 4 * lanes.width);
    const { sums, parts } = partialSums(
      call,
      lanes,
      `norm grad sums ${relu} ${gamma !== undefined}`,
      sumsOf(relu, gamma !== undefined),
      { operands: { ...inputs, statistics }, params: { epsilon } },
    );
    const { params, groups } = lanes.walk(8, MOST_WORKGROUPS);
    const operands = { dy, x, statistics, sums, dx, results };
    run(mixShader(lanes, relu), operands, { ...params, ...shared, parts, groups: lanes.groups }, groups);
  }
  // In the order in which a network has its parameters, for those who add up or move neighbours in one go.
  const [total, dgamma, dbeta] = blocks as [Block, Block, Block];
  // A convolution before the norm asks for it, as the gradient of its bias.
  backend.keepChannelSums(dx, { block: total, channels: lanes.width });
  return [dx, backend.adopt(dgamma, [lanes.width], 'float32'), backend.adopt(dbeta, [lanes.width], 'float32')];
});

export const normGradKernels: readonly KernelConfig[] = [normGrad];
