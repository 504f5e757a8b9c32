import { KERNELS, type NormAttrs } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { acrossRows, eachVoxel, Lanes, laneShader } from './lanes.js';
import { expectTypes } from './operandTypes.js';
import { runningStatistics } from './runningStatistics.js';

/** Workgroups that normalise: each of them puts the parts' moments together for itself. */
const MOST_WORKGROUPS = 1024;
/** Voxels whose moments a thread finds in two passes over registers before it merges them with those of the voxels before. */
const BLOCK = 4;

const blockwise = (write: (u: number) => string): string => Array.from({ length: BLOCK }, (_, u) => write(u)).join(' ');

/**
 * How many values there are, their sum and their squared distances from their mean, of each thread; two sets merge by Chan's formula,
 * M = M₁ + M₂ + δ²·n₁n₂/(n₁ + n₂), in which nothing cancels. Values are relative to a voxel of the group, so that a mean far from 0
 * takes no digits from them: the median of three, as one may be far from all others.
 */
const MOMENTS = `
var<workgroup> counts: array<f32, 256>;
var<workgroup> sums: array<T, 256>;
var<workgroup> spreads: array<T, 256>;
struct Moments { count: f32, sum: T, spread: T }
fn merged(a: Moments, b: Moments) -> Moments {
  let delta = b.sum * (1 / max(b.count, 1)) - a.sum * (1 / max(a.count, 1));
  let count = a.count + b.count;
  return Moments(count, a.sum + b.sum, a.spread + b.spread + delta * delta * (a.count * b.count / max(count, 1)));
}
fn centre(first: T, second: T, third: T) -> T {
  let median = max(min(first, second), min(max(first, second), third));
  return select(median, T(0), (bitcast<B>(median) & B(0x7f800000u)) == B(0x7f800000u));
}`;

const CENTRE = `centre(
      x[base * p.channels + channel], x[(base + p.voxels / 2u) * p.channels + channel],
      x[(base + p.voxels - 1u) * p.channels + channel])`;

const ACROSS_ROWS = `
  counts[thread] = moments.count; sums[thread] = moments.sum; spreads[thread] = moments.spread;
  ${acrossRows(`
      let both = merged(Moments(counts[a], sums[a], spreads[a]), Moments(counts[b], sums[b], spreads[b]));
      counts[a] = both.count; sums[a] = both.sum; spreads[a] = both.spread;`)}`;

/** Sum and spread of each part: [groups, parts, 2, channels]. */
const momentsShader = (lanes: Lanes) =>
  laneShader('norm moments', lanes, () => ({
    inputs: { x: 'T' },
    outputs: { parts: 'T' },
    declarations: MOMENTS,
    body: `
  var moments = Moments(0, T(0), T(0));
  if (live) {
    let near = ${CENTRE};
    for (var v = begin + row; v < end; v += ${BLOCK}u * p.rows) {
      let valid = min((end - v - 1u) / p.rows + 1u, ${BLOCK}u);
      ${blockwise((u) => `let x${u} = x[(base + min(v + ${u}u * p.rows, end - 1u)) * p.channels + channel];`)}
      ${blockwise((u) => `let d${u} = select(T(0), x${u} - near, ${u}u < valid);`)}
      let sum = ${blockSum((u) => `d${u}`)};
      let mean = sum * (1 / f32(valid));
      ${blockwise((u) => `let r${u} = select(T(0), d${u} - mean, ${u}u < valid);`)}
      moments = merged(moments, Moments(f32(valid), sum, ${blockSum((u) => `r${u} * r${u}`)}));
    }
  }
  ${ACROSS_ROWS}
  if (live && row == 0u) {
    let at = (group.z * groups.x + group.x) * 2u * p.channels + channel;
    parts[at] = sums[lane];
    parts[at + p.channels] = spreads[lane];
  }`,
  }));

/** Pairs, and pairs of pairs. */
function blockSum(write: (u: number) => string): string {
  let terms = Array.from({ length: BLOCK }, (_, u) => write(u));
  while (terms.length > 1) terms = pairs(terms);
  return terms[0]!;
}
const pairs = (terms: string[]): string[] =>
  terms.flatMap((term, i) => (i % 2 === 0 ? [`(${term} + ${terms[i + 1]})`] : []));

/** Merges the parts' moments, and normalises. */
const normaliseShader = (lanes: Lanes, relu: boolean, gamma: boolean, beta: boolean) =>
  laneShader(`norm ${relu} ${gamma} ${beta}`, lanes, () => ({
    inputs: { x: 'T', parts: 'T', ...(gamma && { gamma: 'T' }), ...(beta && { beta: 'T' }) },
    outputs: { y: 'T', mean: 'T', variance: 'T', shift: 'T' },
    params: { parts: 'u32', share: 'u32', epsilon: 'f32' },
    declarations: MOMENTS,
    body: `
  var moments = Moments(0, T(0), T(0));
  for (var part = row; live && part < p.parts; part += p.rows) {
    let at = (group.z * p.parts + part) * 2u * p.channels + channel;
    let count = f32(min(p.share, p.voxels - part * p.share));
    moments = merged(moments, Moments(count, parts[at], parts[at + p.channels]));
  }
  ${ACROSS_ROWS}
  if (live) {
    let near = ${CENTRE};
    let beyond = sums[lane] / f32(p.voxels);
    let m = near + beyond;
    let spread = spreads[lane] / f32(p.voxels);
    let scale = ${gamma ? 'gamma[channel]' : 'T(1)'} / sqrt(spread + p.epsilon);
    // What the mean lost when it was rounded goes into the shift.
    let offset = ${beta ? 'beta[channel]' : 'T(0)'} - ((near - m) + beyond) * scale;
    if (group.x == 0u && row == 0u) {
      mean[place] = m;
      variance[place] = spread;
      shift[place] = offset;
    }
    ${eachVoxel(`
      let n = fma(x[at] - m, scale, offset);
      y[at] = ${relu ? 'relu(n)' : 'n'};`)}
  }`,
  }));

/** y = (x − mean)·scale + shift, then ReLU where asked; also the statistics and the shift, which is about β. */
const norm = defineKernel<{ x: TensorInfo; gamma?: TensorInfo; beta?: TensorInfo }, NormAttrs>(
  KERNELS.Norm,
  ({ inputs, attrs: { over, epsilon, relu }, output, constant, scratch, run }) => {
    const { x, gamma, beta } = inputs;
    expectTypes(KERNELS.Norm, inputs, []);
    const lanes = new Lanes(x.shape, over === 'instance' ? x.shape[0] : 1);
    const shape = [lanes.groups, lanes.width];
    const y = output(x.shape);
    if (lanes.voxels === 0) {
      const none = () => constant(new Float32Array(lanes.groups * lanes.width).fill(Number.NaN), shape);
      return [y, none(), none(), none()];
    }
    const [mean, variance, shift] = [output(shape), output(shape), output(shape)];
    const first = lanes.reduction();
    const parts = scratch(lanes.groups * first.parts * 2 * lanes.width);
    run(momentsShader(lanes), { x, parts }, first.params, first.groups);
    const second = lanes.walk(8, MOST_WORKGROUPS);
    run(
      normaliseShader(lanes, relu, gamma !== undefined, beta !== undefined),
      { ...inputs, parts, y, mean, variance, shift },
      { ...second.params, parts: first.parts, share: first.params.each, epsilon },
      second.groups,
    );
    return [y, mean, variance, shift];
  },
);

export const normKernels: readonly KernelConfig[] = [norm, runningStatistics];
