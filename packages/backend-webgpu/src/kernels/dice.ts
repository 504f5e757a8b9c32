import { KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { classPart, FOUR, PART, writeClassSums } from './classSums.js';
import { expectTypes } from './operandTypes.js';
import { classCount, softmaxRows } from './softmaxRows.js';
import { compensatedSum, halfOf, TOTALS, WORKGROUP, workgroupTree } from './workgroupSums.js';

interface DiceAttrs {
  /** The input is logits, of which the softmax is taken first. */
  softmax?: boolean;
}

/** WGSL of the probability of class c of a row: once for a row what it begins with, then `probability`. */
const probabilities = (count: string, softmax: boolean) =>
  softmax
    ? {
        functions: `${softmaxRows(count)}
fn probability(row: u32, c: u32, found: Row) -> f32 {
  return select(exponential(x[row * ${count} + c] - found.largest) / (found.rest + 1.0), nan(), found.broken);
}`,
        begin: (row: string) => `let found = softmaxRow(${row}, -1);`,
        probability: (row: string, c: string) => `probability(${row}, ${c}, found)`,
      }
    : {
        functions: '',
        begin: () => '',
        probability: (row: string, c: string) => `x[${row} * ${count} + ${c}]`,
      };

const SUMS = (count: string, softmax: boolean) =>
  shader(`diceSums ${count} ${softmax}`, () => {
    const { functions, begin, probability } = probabilities(count, softmax);
    return {
      inputs: { x: 'f32', labels: 'i32' },
      outputs: { partials: 'u32' },
      params: { rows: 'u32', classes: 'u32', parts: 'u32', half: 'u32' },
      workgroup: [WORKGROUP],
      declarations: `${functions}${compensatedSum('vec4<f32>')}
struct Sums { overlap: vec4<f32>, square: vec4<f32>, truth: vec4<u32> }
fn joined(a: Sums, b: Sums) -> Sums { return Sums(a.overlap + b.overlap, a.square + b.square, a.truth + b.truth); }
${workgroupTree('sumsOf', 'Sums', { join: (a, b) => `joined(${a}, ${b})` })}`,
      body: `${classPart(count)}
  var overlaps = Sum();
  var squares = Sum();
  var truths = vec4<u32>();
  for (var row = part * ${PART}u + thread; row < end; row += ${WORKGROUP}u) {
    let truth = vec4<i32>(labels[row]) == classes;
    ${begin('row')}
    var q = vec4<f32>();
    for (var i = 0u; i < min(${FOUR}u, ${count} - first); i++) { q[i] = ${probability('row', '(first + i)')}; }
    overlaps = added(overlaps, select(vec4<f32>(), q, truth));
    squares = added(squares, q * q);
    truths += select(vec4<u32>(), vec4<u32>(1u), truth);
  }
  let sums = sumsOf(thread, Sums(totalOf(overlaps), totalOf(squares), truths));${writeClassSums(count)}`,
    };
  });

const SLOPES = (count: string, softmax: boolean) =>
  shader(`diceGrad ${count} ${softmax}`, () => {
    const { functions, begin, probability } = probabilities(count, softmax);
    const each = `for (var c = 0u; c < ${count}; c++) {
    let q = ${probability('index', 'c')};
    let slope = 2.0 * q * dy[${count} + c] + select(0.0, dy[c], i32(c) == label);`;
    return {
      inputs: { dy: 'f32', x: 'f32', labels: 'i32' },
      outputs: { dx: 'f32' },
      params: { rows: 'u32', classes: 'u32' },
      workgroup: [WORKGROUP],
      declarations: functions,
      body: `
  if (index >= p.rows) { return; }
  let label = labels[index];
  ${begin('index')}
  var inner = 0.0;
  ${softmax ? `${each} inner += q * slope; }` : ''}
  ${each} dx[index * ${count} + c] = ${softmax ? 'q * (slope - inner)' : 'slope'}; }`,
    };
  });

/** [3, C]: Σ p·t, Σ p², Σ t² per class, where t is the one-hot label (no class's where the label is outside 0 … C − 1). */
const diceSums = defineKernel<Record<'probabilities' | 'labels', TensorInfo>, DiceAttrs>(
  KERNELS.DiceSums,
  ({ inputs, attrs: { softmax = false }, output, scratch, run }) => {
    const { probabilities: x, labels } = inputs;
    expectTypes(KERNELS.DiceSums, inputs, ['labels']);
    const classes = x.shape.at(-1)!;
    const rows = util.sizeFromShape(labels.shape);
    const parts = Math.ceil(rows / PART);
    const columns = 3 * classes;
    const partials = scratch(columns * parts);
    const groups = flatGroups(parts * Math.ceil(classes / FOUR));
    const adding = { rows, classes, parts, half: halfOf(rows) };
    run(SUMS(classCount(classes), softmax), { x, labels, partials }, adding, groups);
    const totals = output([3, classes]);
    const params = { columns, parts, width: columns, floats: 2 * classes, half: halfOf(parts) };
    run(TOTALS(), { partials, totals }, params, flatGroups(columns));
    return totals;
  },
);

/** dp = t·dy[0] + 2·p·dy[1] per class; of the logits p·(dp − Σ p·dp). */
const diceSumsGrad = defineKernel<Record<'dy' | 'probabilities' | 'labels', TensorInfo>, DiceAttrs>(
  KERNELS.DiceSumsGrad,
  ({ inputs, attrs: { softmax = false }, output, run }) => {
    const { dy, probabilities: x, labels } = inputs;
    expectTypes(KERNELS.DiceSumsGrad, inputs, ['labels']);
    const dx = output(x.shape);
    const rows = util.sizeFromShape(labels.shape);
    const classes = x.shape.at(-1)!;
    run(SLOPES(classCount(classes), softmax), { dy, x, labels, dx }, { rows, classes }, flatGroups(rows, WORKGROUP));
    return dx;
  },
);

export const diceKernels: readonly KernelConfig[] = [diceSums, diceSumsGrad];
