import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import { defineKernel, type KernelCall, type Operand } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';
import type { MiddleAxis } from './reduction.js';
import { WORKGROUP } from './workgroupSums.js';

/** Neighbouring elements of a thread, and of a workgroup. */
const EACH = 8;
const BLOCK = WORKGROUP * EACH;
/** Lines of at most so many elements are scanned by a thread each. */
const SHORT = 32;

interface Scan {
  operation: '+' | '*';
  type: 'f32' | 'i32';
  exclusive: boolean;
  reverse: boolean;
}

interface ScanAttrs {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

const LINES = { lines: 'u32', count: 'u32', inner: 'u32' } as const;

/** WGSL of where the i-th element of a line stands, in the order of the scan. */
const placeOf = (reverse: boolean): string => `
fn placeOf(line: u32, i: u32) -> u32 {
  return (line / p.inner * p.count + ${reverse ? 'p.count - 1 - i' : 'i'}) * p.inner + line % p.inner;
}`;

/** One step of a scan, which writes the y of a value. */
const step = ({ operation, exclusive }: Scan, value: string, write: (running: string) => string): string =>
  exclusive
    ? `${write('running')} running = running ${operation} ${value};`
    : `running = running ${operation} ${value}; ${write('running')}`;

/** Results of nothing. */
const start = ({ operation, type }: Scan): string => `${type}(${operation === '+' ? 0 : 1})`;

const shortLines = (scan: Scan): Shader =>
  shader(`scan short ${Object.values(scan)}`, () => ({
    inputs: { x: scan.type },
    outputs: { y: scan.type },
    params: LINES,
    workgroup: [WORKGROUP],
    declarations: placeOf(scan.reverse),
    body: `
  if (index >= p.lines) { return; }
  var running = ${start(scan)};
  for (var i = 0u; i < p.count; i++) {
    let at = placeOf(index, i);
    ${step(scan, 'x[at]', (running) => `y[at] = ${running};`)}
  }`,
  }));

/** A block of a line by a workgroup: its total to y [lines, blocks], or its elements, from what the blocks before it come to. */
const longLines = (scan: Scan, result: 'total' | 'first' | 'elements'): Shader =>
  shader(`scan ${result} ${Object.values(scan)}`, () => ({
    inputs: { x: scan.type, ...(result === 'elements' && { before: scan.type }) },
    outputs: { y: scan.type },
    params: { ...LINES, blocks: 'u32', threads: 'u32' },
    workgroup: [WORKGROUP],
    declarations: `${placeOf(scan.reverse)}\nvar<workgroup> totals: array<${scan.type}, ${WORKGROUP}>;`,
    body: `
  let block = group.y * groups.x + group.x;
  if (block >= p.lines * p.blocks) { return; }
  let line = block / p.blocks;
  let first = block % p.blocks * ${BLOCK}u + thread * ${EACH}u;
  var values: array<${scan.type}, ${EACH}>;
  var total = ${start(scan)};
  for (var k = 0u; k < ${EACH}u; k++) {
    let i = min(first + k, p.count - 1);
    values[k] = select(${start(scan)}, x[placeOf(line, i)], first + k < p.count);
    total = total ${scan.operation} values[k];
  }
  totals[thread] = total;
  for (var step = 1u; step < p.threads; step *= 2u) {
    workgroupBarrier();
    let left = totals[max(thread, step) - step];
    workgroupBarrier();
    if (thread >= step) { totals[thread] = left ${scan.operation} totals[thread]; }
  }
  ${
    result === 'total'
      ? `if (thread == ${WORKGROUP - 1}u) { y[block] = totals[thread]; }`
      : `
  workgroupBarrier();
  var running = ${result === 'first' ? start(scan) : 'before[block]'};
  if (thread > 0) { running = running ${scan.operation} totals[thread - 1]; }
  for (var k = 0u; k < ${EACH}u; k++) {
    let value = values[k];
    ${step(scan, 'value', (running) => `if (first + k < p.count) { y[placeOf(line, first + k)] = ${running}; }`)}
  }`
  }`,
  }));

/** Results along the middle axis of all elements up to each. A long line by blocks, from a scan of their totals. */
function scanInto(
  { run, scratch }: Pick<KernelCall<unknown, unknown>, 'run' | 'scratch'>,
  scan: Scan,
  x: Operand,
  y: Operand,
  { outer, reduced: count, inner }: MiddleAxis,
): void {
  const lines = outer * inner;
  if (count <= SHORT) {
    run(shortLines(scan), { x, y }, { lines, count, inner }, flatGroups(lines, WORKGROUP));
    return;
  }
  const blocks = Math.ceil(count / BLOCK);
  // The threads as a parameter keep compilers from unrolling the steps, at which software Vulkan takes seconds.
  const params = { lines, count, inner, blocks, threads: WORKGROUP };
  const groups = flatGroups(lines * blocks);
  if (blocks === 1) {
    run(longLines(scan, 'first'), { x, y }, params, groups);
    return;
  }
  const [totals, before] = [scratch(lines * blocks), scratch(lines * blocks)];
  run(longLines(scan, 'total'), { x, y: totals }, params, groups);
  const all = { ...scan, exclusive: true, reverse: false };
  scanInto({ run, scratch }, all, totals, before, { outer: lines, reduced: blocks, inner: 1 });
  run(longLines(scan, 'elements'), { x, before, y }, params, groups);
}

const cumulative = (name: string, operation: Scan['operation']): KernelConfig =>
  defineKernel<{ x: TensorInfo }, ScanAttrs>(name, (call) => {
    const { x } = call.inputs;
    const { axis, exclusive, reverse } = call.attrs;
    const along = util.parseAxisParam(axis, x.shape)[0]!;
    const [outer, inner] = [x.shape.slice(0, along), x.shape.slice(along + 1)].map(util.sizeFromShape) as [
      number,
      number,
    ];
    const y = call.output(x.shape, x.dtype === 'float32' ? 'float32' : 'int32');
    if (util.sizeFromShape(x.shape) === 0) return y;
    const scan = { operation, type: elementOf(x.dtype), exclusive, reverse };
    scanInto(call, scan, x, y, { outer, reduced: x.shape[along]!, inner });
    return y;
  });

export const scanKernels: readonly KernelConfig[] = [cumulative('Cumsum', '+'), cumulative('Cumprod', '*')];
