import type { Block } from '../gpu/pool.js';
import type { KernelCall, Operand } from '../kernelConfig.js';
import { acrossRows, eachVoxel, type LaneSource, Lanes, laneShader } from './lanes.js';
import { packedTensors } from './packed.js';

/** What is summed over voxels. */
export interface SumSource extends Pick<LaneSource, 'inputs' | 'params' | 'declarations'> {
  outputs?: LaneSource['outputs'];
  /** WGSL of what a thread knows of its channels. */
  setup?: string;
  /** WGSL for each voxel that says what the terms are. */
  each?: string;
  terms: readonly string[];
}

/** What a source names. */
interface Given {
  operands: Record<string, Operand>;
  params?: Record<string, number>;
}

type Call = Pick<KernelCall<unknown, unknown>, 'run' | 'scratch' | 'backend'>;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, k) => k);

/** WGSL for each of so many terms. */
const eachTerm = (terms: number, write: (k: number) => string): string => numbers(terms).map(write).join(' ');

/** Workgroup memory in which {@link sumParts} leaves so many terms. */
export const sumMemory = (terms: number): string => eachTerm(terms, (k) => `var<workgroup> shared${k}: array<T, 256>;`);

/** WGSL that adds `sum0`, `sum1`, … of all rows up, for every thread to find in `shared0[lane]`, … */
export const addRows = (terms: number): string => `
  ${eachTerm(terms, (k) => `shared${k}[thread] = sum${k};`)}
  ${acrossRows(eachTerm(terms, (k) => `shared${k}[a] += shared${k}[b];`))}`;

/** Where {@link partialSums} leaves its results, if each channel has one part. */
interface Target {
  whole: Block;
  /** Lanes from one term to the next. */
  stride: number;
}

/**
 * The first of two passes that sum over voxels: [groups, parts, terms, channels], for {@link sumParts} to add up.
 * @param target where the sums of one group go if there is but one part
 * @returns the sums, and how many parts there are
 */
export function partialSums(
  { run, scratch }: Call,
  lanes: Lanes,
  key: string,
  source: SumSource,
  { operands, params = {} }: Given,
  target?: Target,
): { sums: Operand; parts: number } {
  const terms = source.terms.length;
  const { parts, groups, params: own } = lanes.reduction();
  const direct = parts === 1 ? target : undefined;
  const sums = direct?.whole ?? scratch(lanes.groups * parts * terms * lanes.width);
  const program = laneShader(key, lanes, () => ({
    inputs: source.inputs,
    outputs: { ...source.outputs, sums: 'T' },
    params: { ...source.params, parts: 'u32', stride: 'u32' },
    declarations: `${sumMemory(terms)}\n${source.declarations ?? ''}`,
    body: `
  ${eachTerm(terms, (k) => `var sum${k} = T(0);`)}
  if (live) {
    ${source.setup ?? ''}
    ${eachVoxel(`${source.each ?? ''} ${eachTerm(terms, (k) => `sum${k} += ${source.terms[k]};`)}`)}
  }
  ${addRows(terms)}
  if (live && row == 0u) {
    let first = (group.z * p.parts + group.x) * ${terms}u;
    ${eachTerm(terms, (k) => `sums[(first + ${k}u) * p.stride + channel] = shared${k}[lane];`)}
  }`,
  }));
  run(program, { ...operands, sums }, { ...own, ...params, parts, stride: direct?.stride ?? lanes.channels }, groups);
  return { sums, parts };
}

/**
 * WGSL that adds up `sums` as {@link partialSums} leaves them, over the parts of group `g`: every thread finds the totals in
 * `shared0[lane]`, … Its shader has the parameter `parts`.
 */
export const sumParts = (terms: number): string => `
    ${eachTerm(terms, (k) => `var sum${k} = T(0);`)}
    for (var part = row; live && part < p.parts; part += p.rows) {
      let first = (g * p.parts + part) * ${terms}u * p.channels + channel;
      ${eachTerm(terms, (k) => `sum${k} += sums[first + ${k}u * p.channels];`)}
    }
    ${addRows(terms)}`;

/** Σ of each term over the voxels of an array in one group: a tensor [C] each. */
export function channelSums(call: Call, shape: readonly number[], key: string, source: SumSource, given: Given) {
  const lanes = Lanes.alone(shape) ?? new Lanes(shape);
  const terms = source.terms.length;
  const layout = { count: terms, shape: [lanes.width], lane: lanes.element };
  const { whole, stride, tensors } = packedTensors(call, key, layout);
  const { sums, parts } = partialSums(call, lanes, key, source, given, { whole, stride });
  if (sums === whole) return tensors;
  const program = laneShader(`lane totals ${terms}`, lanes, () => ({
    inputs: { sums: 'T' },
    outputs: { totals: 'T' },
    params: { parts: 'u32', stride: 'u32' },
    declarations: sumMemory(terms),
    body: `
  let g = group.z;
  ${sumParts(terms)}
  if (live && row == 0u) { ${eachTerm(terms, (k) => `totals[${k}u * p.stride + channel] = shared${k}[lane];`)} }`,
  }));
  const walk = lanes.whole();
  call.run(program, { sums, totals: whole }, { ...walk.params, parts, stride }, walk.groups);
  return tensors;
}
