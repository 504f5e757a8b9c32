import { CrlnError } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { TRANSCENDENTALS } from './transcendental.js';
import { halfOf, WORKGROUP, workgroupTree } from './workgroupSums.js';

/** Of a row, with `shifted` = x − max and `sum` = Σ e^(x − max). */
const RESULTS = {
  Softmax: 'exponential(shifted) / sum',
  LogSoftmax: 'shifted - logOf(sum)',
};

/** Over the last axis; NaN for a row that has a NaN or whose maximum is infinite. Some threads a row, some rows a workgroup. */
const softmax = (name: keyof typeof RESULTS): KernelConfig =>
  defineKernel<{ logits: TensorInfo }, { dim?: number; axis?: number }>(name, ({ inputs, attrs, output, run }) => {
    const { shape, dtype } = inputs.logits;
    const axis = attrs.dim ?? attrs.axis ?? -1;
    if ((axis !== -1 && axis !== shape.length - 1) || dtype !== 'float32') {
      throw new CrlnError(
        'invalid-argument',
        `${name}: expected float32 and the last axis, got ${dtype} and axis ${axis} of [${shape}]`,
        { axis, shape, dtype },
      );
    }
    const y = output(shape);
    const width = shape.at(-1) ?? 1;
    const rows = width && util.sizeFromShape(shape) / width;
    const slots = Math.min(WORKGROUP, 2 ** Math.ceil(Math.log2(Math.max(width / 8, 1))));
    const rowsAtOnce = WORKGROUP / slots;
    const program = shader(`${name} ${slots}`, () => ({
      inputs: { x: 'f32' },
      outputs: { y: 'f32' },
      params: { rows: 'u32', width: 'u32', half: 'u32' },
      workgroup: [WORKGROUP],
      declarations: `${TRANSCENDENTALS}
fn larger(a: f32, b: f32) -> f32 { return select(max(a, b), nan(), isNan(a) || isNan(b)); }
${workgroupTree('largestOf', 'f32', { stride: rowsAtOnce, join: (a, b) => `larger(${a}, ${b})` })}
${workgroupTree('sumOf', 'f32', { stride: rowsAtOnce })}`,
      body: `
  let slot = thread % ${slots}u;
  let lane = thread / ${slots}u;
  let row = (group.y * groups.x + group.x) * ${rowsAtOnce}u + lane;
  let start = min(row, p.rows - 1) * p.width;
  var largest = x[start];
  for (var c = slot; c < p.width; c += ${slots}u) { largest = larger(largest, x[start + c]); }
  largest = largestOf(slot * ${rowsAtOnce}u + lane, largest);
  var sum = 0.0;
  for (var c = slot; c < p.width; c += ${slots}u) { sum += exponential(x[start + c] - largest); }
  sum = sumOf(slot * ${rowsAtOnce}u + lane, sum);
  if (row >= p.rows) { return; }
  let broken = (bitcast<u32>(largest) & 0x7fffffffu) >= 0x7f800000u;
  for (var c = slot; c < p.width; c += ${slots}u) {
    let shifted = x[start + c] - largest;
    y[start + c] = select(${RESULTS[name]}, nan(), broken);
  }`,
    }));
    const half = halfOf(WORKGROUP);
    run(program, { x: inputs.logits, y }, { rows, width, half }, flatGroups(rows, rowsAtOnce));
    return y;
  });

export const softmaxKernels: readonly KernelConfig[] = [softmax('Softmax'), softmax('LogSoftmax')];
