import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Block } from '../gpu/pool.js';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import type { KernelCall } from '../kernelConfig.js';
import { elementOf, rectified } from './wgsl.js';

const WORKGROUP = 256;
/** Threads that share out the parts of an element: many where there are few elements. */
const LANES = { few: 8, many: 32 };
/** Below so many elements there are few. */
const FEW_ELEMENTS = 4096;

/** Sums in parts: `parts` arrays of `size` floats, one behind the other. */
export interface Parts {
  from: Block;
  parts: number;
  size: number;
  /** Of the result's last axis. */
  columns: number;
  bias?: TensorInfo | undefined;
  relu?: boolean;
}

/** Adds up parts, always in the same order, then the bias of each column: to = Σ parts + bias. */
export function sumParts(call: Pick<KernelCall<unknown, unknown>, 'run'>, job: Parts, to: TensorInfo): void {
  const { from, parts, size, columns, bias, relu = false } = job;
  const wide = size % 4 === 0 && columns % 4 === 0;
  const width = wide ? 4 : 1;
  const elements = size / width;
  const lanes = elements < FEW_ELEMENTS ? LANES.many : LANES.few;
  call.run(
    sumShader(lanes, wide, bias !== undefined, relu),
    { source: from, y: to, ...(bias && { bias }) },
    { parts, size: elements, columns: columns / width },
    flatGroups(elements, WORKGROUP / lanes),
  );
}

function sumShader(lanes: number, wide: boolean, bias: boolean, relu: boolean): Shader {
  const element = elementOf(wide);
  const elements = WORKGROUP / lanes;
  return shader(`sumParts ${lanes}${wide ? ' wide' : ''}${bias ? ' bias' : ''}${relu ? ' relu' : ''}`, () => ({
    inputs: { source: element, ...(bias && { bias: element }) },
    outputs: { y: element },
    params: { parts: 'u32', size: 'u32', columns: 'u32' },
    workgroup: [WORKGROUP],
    declarations: `var<workgroup> sums: array<${element}, ${WORKGROUP}>;`,
    body: `
  let at = (group.y * groups.x + group.x) * ${elements}u + thread % ${elements}u;
  var sum = ${element}();
  if (at < p.size) {
    for (var part = thread / ${elements}u; part < p.parts; part += ${lanes}u) { sum += source[part * p.size + at]; }
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (thread < ${elements}u && at < p.size) {
    for (var lane = 1u; lane < ${lanes}u; lane++) { sum += sums[lane * ${elements}u + thread]; }
    ${bias ? 'sum += bias[at % p.columns];' : ''}
    y[at] = ${relu ? rectified('sum', wide) : 'sum'};
  }`,
  }));
}
