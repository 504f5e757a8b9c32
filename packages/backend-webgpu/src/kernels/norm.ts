import { KERNELS, type NormAttrs } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { joined } from '../gpu/pool.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { DEFERRED, deferredSum, MOST_SUMMED } from './deferring.js';
import { acrossRows, eachVoxel, Lanes, laneShader } from './lanes.js';
import { expectTypes } from './operandTypes.js';
import { packedTensors } from './packed.js';
import { NO_MOMENTUM, type RunningFactors, runningFactors, runningStatistics } from './runningStatistics.js';

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

const pairs = (terms: string[]): string[] =>
  terms.flatMap((term, i) => (i % 2 === 0 ? [`(${term} + ${terms[i + 1]})`] : []));

/** Pairs, and pairs of pairs. */
function blockSum(write: (u: number) => string): string {
  let terms = Array.from({ length: BLOCK }, (_, u) => write(u));
  while (terms.length > 1) terms = pairs(terms);
  return terms[0]!;
}

/** A thread's moments of its own voxels. */
const OWN = `
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
  }`;

/** Its share of what other workgroups found. */
const FOUND = `
  for (var part = row; live && part < p.parts; part += p.rows) {
    let at = (group.z * p.parts + part) * 2u * p.channels + channel;
    let count = f32(min(p.share, p.voxels - part * p.share));
    moments = merged(moments, Moments(count, parts[at], parts[at + p.channels]));
  }`;

/** Sum and spread of each part: [groups, parts, 2, channels]. */
const momentsShader = (lanes: Lanes) =>
  laneShader('norm moments', lanes, () => ({
    inputs: { x: 'T' },
    outputs: { parts: 'T' },
    declarations: MOMENTS,
    body: `
  var moments = Moments(0, T(0), T(0));
  ${OWN}
  ${ACROSS_ROWS}
  if (live && row == 0u) {
    let at = (group.z * groups.x + group.x) * 2u * p.channels + channel;
    parts[at] = sums[lane];
    parts[at + p.channels] = spreads[lane];
  }`,
  }));

/** What a call has besides x. */
interface Kind {
  relu: boolean;
  gamma: boolean;
  beta: boolean;
  running: boolean;
  /** Where its moments come from: its own voxels; the same, once their sums are added up; or other workgroups. */
  from: 'own' | 'sums' | 'parts';
  /** Of the sums. */
  bias: boolean;
}

/** Adds up what stands for x, and writes it. */
const SUMS = (bias: boolean) => `
  if (live) { ${eachVoxel(`${deferredSum(bias)} x[at] = whole;`)} }
  storageBarrier();
  ${OWN}`;

/** Normalises, by the moments of all voxels. `statistics` are mean, variance, shift, and the next running ones. */
const normaliseShader = (lanes: Lanes, { relu, gamma, beta, running, from, bias }: Kind) =>
  laneShader(`norm ${from} ${bias} ${relu} ${gamma} ${beta} ${running}`, lanes, () => ({
    inputs: {
      ...(from === 'sums' ? { partials: 'T', ...(bias && { bias: 'T' }) } : { x: 'T' }),
      ...{ ...(from === 'parts' && { parts: 'T' }), ...(gamma && { gamma: 'T' }), ...(beta && { beta: 'T' }) },
      ...(running && (from === 'sums' ? { running: 'T' } : { runningMean: 'T', runningVariance: 'T' })),
    },
    outputs: { ...(from === 'sums' && { x: 'T' }), y: 'T', statistics: 'T' },
    params: {
      ...{ stride: 'u32', epsilon: 'f32' },
      ...(from === 'parts' && { parts: 'u32', share: 'u32' }),
      ...(from === 'sums' && DEFERRED),
      ...(running && { keep: 'f32', momentum: 'f32', unbiased: 'f32' }),
    },
    declarations: MOMENTS,
    body: `
  var moments = Moments(0, T(0), T(0));
  ${{ own: OWN, sums: SUMS(bias), parts: FOUND }[from]}
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
      statistics[place] = m;
      statistics[p.stride + place] = spread;
      statistics[2u * p.stride + place] = offset;
      ${
        running
          ? `let oldMean = ${from === 'sums' ? 'running[place]' : 'runningMean[place]'};
      let oldVariance = ${from === 'sums' ? 'running[p.stride + place]' : 'runningVariance[place]'};
      statistics[3u * p.stride + place] = oldMean * p.keep + m * p.momentum;
      statistics[4u * p.stride + place] = oldVariance * p.keep + spread * p.unbiased;`
          : ''
      }
    }
    ${eachVoxel(`
      let n = fma(x[at] - m, scale, offset);
      y[at] = ${relu ? 'relu(n)' : 'n'};`)}
  }`,
  }));

type Inputs = { x: TensorInfo } & Partial<Record<'gamma' | 'beta' | 'runningMean' | 'runningVariance', TensorInfo>>;

/**
 * The sum that stands for x, if the norm is to add it up: not too long, and with its running statistics side by side, as this kernel leaves
 * them, so that it binds no more than eight buffers.
 */
function sumFor({ inputs, backend }: Pick<KernelCall<Inputs, unknown>, 'inputs' | 'backend'>, lanes: Lanes) {
  const { x, runningMean, runningVariance } = inputs;
  const found = backend.deferred(x);
  if (!found || found.count * lanes.deep > MOST_SUMMED) return undefined;
  const running = [runningMean, runningVariance].flatMap((one) => (one ? [backend.block(one, KERNELS.Norm)] : []));
  const old = joined(running);
  if (running.length > 0 && !old) return undefined;
  backend.takeDeferred(x);
  return { ...found, old };
}

/** y, mean, variance, shift, and the next running mean and variance where they are given. */
function normalise(
  kernel: string,
  call: KernelCall<Inputs, NormAttrs>,
  { keep, momentum, unbiased }: RunningFactors,
): TensorInfo[] {
  const { inputs, output, constant, scratch, run, backend } = call;
  const { over, epsilon, relu } = call.attrs;
  const { x, gamma, beta, runningMean, runningVariance } = inputs;
  const running = runningMean !== undefined && runningVariance !== undefined;
  expectTypes(kernel, inputs, []);
  const count = over === 'instance' ? x.shape[0] : 1;
  const alone = Lanes.alone(x.shape, count);
  const lanes = alone ?? new Lanes(x.shape, count);
  const shape = [lanes.groups, lanes.width];
  const layout = { count: running ? 5 : 3, shape, lane: lanes.element };
  const y = output(x.shape);
  if (lanes.voxels === 0) {
    const none = () => constant(new Float32Array(lanes.groups * lanes.width).fill(Number.NaN), shape);
    return [y, ...Array.from({ length: layout.count }, none)];
  }
  const { whole: statistics, tensors, stride } = packedTensors(call, kernel, layout);
  const kind = { relu, running, gamma: gamma !== undefined, beta: beta !== undefined, bias: false };
  const params = { stride, epsilon, keep, momentum, unbiased };
  if (alone) {
    const { params: own, groups } = alone.whole();
    const sum = sumFor(call, alone);
    if (!sum) {
      run(
        normaliseShader(alone, { ...kind, from: 'own' }),
        { ...inputs, y, statistics },
        { ...own, ...params },
        groups,
      );
      return [y, ...tensors];
    }
    const { parts: partials, bias, size, count: partCount, old } = sum;
    const program = normaliseShader(alone, { ...kind, from: 'sums', bias: bias !== undefined });
    const operands = { ...inputs, y, statistics, partials, ...(bias && { bias }), ...(old && { running: old }) };
    run(program, operands, { ...own, ...params, partCount, partSize: alone.count(size) }, groups);
    backend.pool.release(partials);
    return [y, ...tensors];
  }
  const first = lanes.reduction();
  const parts = scratch(lanes.groups * first.parts * 2 * lanes.width);
  run(momentsShader(lanes), { x, parts }, first.params, first.groups);
  const second = lanes.walk(8, MOST_WORKGROUPS);
  const shared = { parts: first.parts, share: first.params.each };
  const program = normaliseShader(lanes, { ...kind, from: 'parts' });
  run(program, { ...inputs, parts, y, statistics }, { ...second.params, ...params, ...shared }, second.groups);
  return [y, ...tensors];
}

/** y = (x − mean)·scale + shift, then ReLU where asked; also the statistics and the shift, which is about β. */
const norm = defineKernel<Inputs, NormAttrs>(KERNELS.Norm, (call) => normalise(KERNELS.Norm, call, NO_MOMENTUM));

/** The same over the batch, and what becomes of the running statistics. */
const batchNormTraining = defineKernel<Inputs, NormAttrs & { momentum: number }>(KERNELS.BatchNormTraining, (call) => {
  const { x } = call.inputs;
  const count = util.sizeFromShape(x.shape) / (x.shape.at(-1) || 1);
  const [y, mean, variance, shift, ...next] = normalise(
    KERNELS.BatchNormTraining,
    call,
    runningFactors(call.attrs.momentum, count),
  ) as [TensorInfo, TensorInfo, TensorInfo, TensorInfo, TensorInfo, TensorInfo];
  // As long as the running ones that they replace.
  return [y, mean, variance, shift, ...next.map((tensor) => ({ ...tensor, shape: [x.shape.at(-1)!] }))];
});

export const normKernels: readonly KernelConfig[] = [norm, batchNormTraining, runningStatistics];
