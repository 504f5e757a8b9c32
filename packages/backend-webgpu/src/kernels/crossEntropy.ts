import { KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';
import { classCount, softmaxRows } from './softmaxRows.js';
import {
  COLUMN_TOTALS,
  columnTotals,
  compensatedSum,
  halfOf,
  TOTALS,
  WORKGROUP,
  workgroupTree,
} from './workgroupSums.js';

interface CrossEntropyAttrs {
  ignoreIndex: number;
}
type Inputs = Record<'logits' | 'labels', TensorInfo>;
type GradInputs = Inputs & { dy: TensorInfo };

/** Rows that a workgroup adds up. */
const PART = 16 * WORKGROUP;

/** Above this float32 tells −log p from 0, as 1 + x is 1 for every smaller x. */
const POSITIVE = '5.9604644775390625e-8';

const lossOf = (count: string) => `${softmaxRows(count)}
fn lossOf(row: u32, label: i32) -> f32 {
  let found = softmaxRow(row, label);
  return select((found.largest - found.picked) + logOnePlus(found.rest), nan(), found.broken || !isClass(label));
}`;

const LOSSES = (count: string) =>
  shader(`crossEntropy ${count}`, () => ({
    inputs: { x: 'f32', labels: 'i32' },
    outputs: { loss: 'f32' },
    params: { rows: 'u32', classes: 'u32', ignore: 'i32' },
    workgroup: [WORKGROUP],
    declarations: lossOf(count),
    body: `
  if (index >= p.rows) { return; }
  let label = labels[index];
  if (label == p.ignore) { loss[index] = 0.0; } else { loss[index] = lossOf(index, label); }`,
  }));

/** Of each part of a sample; with `sure`, also the number of voxels whose confidence reaches a threshold. */
const SUMS = (count: string, sure: boolean) =>
  shader(`crossEntropySums ${count} ${sure}`, () => ({
    inputs: { x: 'f32', labels: 'i32', ...(sure && { confidence: 'f32' }) },
    outputs: { partials: 'u32' },
    params: {
      ...{ rows: 'u32', classes: 'u32', parts: 'u32', total: 'u32', ignore: 'i32', half: 'u32' },
      ...(sure && { threshold: 'f32' }),
    },
    workgroup: [WORKGROUP],
    declarations: `${lossOf(count)}${compensatedSum('f32')}
struct Sums { loss: f32, counts: vec3<u32> }
fn joined(a: Sums, b: Sums) -> Sums { return Sums(a.loss + b.loss, a.counts + b.counts); }
${workgroupTree('sumsOf', 'Sums', { join: (a, b) => `joined(${a}, ${b})` })}`,
    body: `
  let number = group.y * groups.x + group.x;
  if (number >= p.total) { return; }
  let sample = number / p.parts;
  let part = number % p.parts;
  let end = min((part + 1u) * ${PART}u, p.rows);
  var sum = Sum();
  // Losses above 0, labels that are not ignored, sure voxels.
  var counts = vec3<u32>();
  for (var i = part * ${PART}u + thread; i < end; i += ${WORKGROUP}u) {
    let row = sample * p.rows + i;
    let label = labels[row];
    if (label != p.ignore) {
      let loss = lossOf(row, label);
      sum = added(sum, loss);
      counts += vec3(select(0u, 1u, loss > ${POSITIVE}), 1u, 0u);
    }
    ${sure ? 'counts.z += select(0u, 1u, confidence[row] >= p.threshold);' : ''}
  }
  let sums = sumsOf(thread, Sums(totalOf(sum), counts));
  if (thread == 0u) {
    let at = ${sure ? 4 : 3}u * sample * p.parts + part;
    partials[at] = bitcast<u32>(sums.loss);
    partials[at + p.parts] = sums.counts.x;
    partials[at + 2u * p.parts] = sums.counts.y;
    ${sure ? 'partials[at + 3u * p.parts] = sums.counts.z;' : ''}
  }`,
  }));

/** Σₙ wₙ·(Σ loss of n) with wₙ = # sure / max(# not ignored, 1) / max(# losses above 0 in all samples, 1), and the weights. One workgroup. */
const WEIGHTED = () =>
  shader('crossEntropy weighted', () => ({
    inputs: { partials: 'u32' },
    outputs: { loss: 'f32', weights: 'f32', totals: 'f32' },
    params: { samples: 'u32', parts: 'u32', half: 'u32' },
    workgroup: [WORKGROUP],
    declarations: COLUMN_TOTALS,
    body: `
  ${columnTotals('4u * p.samples', 'column % 4u == 0u')}
  if (thread != 0u) { return; }
  var positive = 0.0;
  for (var n = 0u; n < p.samples; n++) { positive += totals[4u * n + 1u]; }
  var sum = 0.0;
  for (var n = 0u; n < p.samples; n++) {
    let weight = totals[4u * n + 3u] / max(totals[4u * n + 2u], 1.0) / max(positive, 1.0);
    weights[3u * n] = weight;
    weights[3u * n + 1u] = 0.0;
    weights[3u * n + 2u] = 0.0;
    sum += weight * totals[4u * n];
  }
  loss[0] = sum;`,
  }));

/** Row i takes dy[⌊i / share⌋·stride]. p − 1 is written as −Σ of the other p, without cancellation where p is nearly 1. */
const SLOPES = (count: string) =>
  shader(`crossEntropyGrad ${count}`, () => ({
    inputs: { dy: 'f32', x: 'f32', labels: 'i32' },
    outputs: { dx: 'f32' },
    params: { rows: 'u32', classes: 'u32', ignore: 'i32', share: 'u32', stride: 'u32' },
    workgroup: [WORKGROUP],
    declarations: softmaxRows(count),
    body: `
  if (index >= p.rows) { return; }
  let label = labels[index];
  let found = softmaxRow(index, label);
  let unknown = found.broken || !isClass(label);
  let scale = dy[index / p.share * p.stride] / (found.rest + 1.0);
  for (var c = 0u; c < ${count}; c++) {
    let at = index * ${count} + c;
    let slope = scale * select(exponential(x[at] - found.largest), -found.others, i32(c) == label);
    dx[at] = select(select(slope, nan(), unknown), 0.0, label == p.ignore);
  }`,
  }));

/** loss = log Σ exp(logits) − logits[label] per row, 0 where the label is `ignoreIndex`, NaN where it is no class. */
const softmaxCrossEntropy = defineKernel<Inputs, CrossEntropyAttrs>(
  KERNELS.SoftmaxCrossEntropy,
  ({ inputs, attrs, output, run }) => {
    const { logits, labels } = inputs;
    expectTypes(KERNELS.SoftmaxCrossEntropy, inputs, ['labels']);
    const loss = output(labels.shape);
    const rows = util.sizeFromShape(labels.shape);
    const classes = logits.shape.at(-1)!;
    const params = { rows, classes, ignore: attrs.ignoreIndex };
    run(LOSSES(classCount(classes)), { x: logits, labels, loss }, params, flatGroups(rows, WORKGROUP));
    return loss;
  },
);

/** dlogits = dy·(softmax(logits) − one-hot label), 0 where the label is `ignoreIndex`, NaN where it is no class. */
const softmaxCrossEntropyGrad = defineKernel<GradInputs, CrossEntropyAttrs>(KERNELS.SoftmaxCrossEntropyGrad, (call) =>
  slopes(KERNELS.SoftmaxCrossEntropyGrad, call, 1, 1),
);

/**
 * [N, 3]: Σ loss, the number of losses above 0 in float32, and of labels that are not ignored, of each sample of [N, …, C]. A label that is
 * no class makes its sample's Σ loss NaN.
 */
const crossEntropySums = defineKernel<Inputs, CrossEntropyAttrs>(KERNELS.CrossEntropySums, (call) => {
  const { inputs, output, run } = call;
  expectTypes(KERNELS.CrossEntropySums, inputs, ['labels']);
  const { samples, parts, partials } = sumsOfParts(call);
  const totals = output([samples, 3]);
  const columns = 3 * samples;
  const summing = { columns, parts, width: 3, floats: 1, half: halfOf(parts) };
  run(TOTALS(), { partials, totals }, summing, flatGroups(columns));
  return totals;
});

/** Records the first pass over the voxels of each sample. */
function sumsOfParts(call: KernelCall<Inputs & { confidence?: TensorInfo }, CrossEntropyAttrs>, threshold = 0) {
  const { inputs, attrs, scratch, run } = call;
  const { logits: x, labels, confidence } = inputs;
  const samples = x.shape[0]!;
  const rows = util.sizeFromShape(x.shape.slice(1, -1));
  const parts = Math.ceil(rows / PART);
  const total = samples * parts;
  const partials = scratch((confidence ? 4 : 3) * total);
  const classes = x.shape.at(-1)!;
  const params = { rows, classes, parts, total, ignore: attrs.ignoreIndex, half: halfOf(rows), threshold };
  const program = SUMS(classCount(classes), confidence !== undefined);
  run(program, { x, labels, partials, ...(confidence && { confidence }) }, params, flatGroups(total));
  return { samples, parts, partials };
}

/** The cross-entropy in which each sample weighs as much as it is sure of, and the weights in the place of each Σ loss: [N, 3]. */
const confidenceCe = defineKernel<Inputs & { confidence: TensorInfo }, CrossEntropyAttrs & { threshold: number }>(
  KERNELS.ConfidenceCe,
  (call) => {
    const { inputs, attrs, output, scratch, run } = call;
    expectTypes(KERNELS.ConfidenceCe, inputs, ['labels']);
    const { samples, parts, partials } = sumsOfParts(call, attrs.threshold);
    const [loss, weights] = [output([]), output([samples, 3])];
    const operands = { partials, loss, weights, totals: scratch(4 * samples) };
    run(WEIGHTED(), operands, { samples, parts, half: halfOf(parts) }, [1]);
    return [loss, weights];
  },
);

/** dlogits = dy[n, 0]·(softmax(logits) − one-hot label) in sample n, 0 where the label is `ignoreIndex`, NaN where it is no class. */
const crossEntropySumsGrad = defineKernel<GradInputs, CrossEntropyAttrs>(KERNELS.CrossEntropySumsGrad, (call) =>
  slopes(KERNELS.CrossEntropySumsGrad, call, util.sizeFromShape(call.inputs.logits.shape.slice(1, -1)), 3),
);

function slopes(
  kernel: string,
  { inputs, attrs, output, run }: KernelCall<GradInputs, CrossEntropyAttrs>,
  share: number,
  stride: number,
): TensorInfo {
  const { dy, logits, labels } = inputs;
  expectTypes(kernel, inputs, ['labels']);
  const dx = output(logits.shape);
  const rows = util.sizeFromShape(labels.shape);
  const classes = logits.shape.at(-1)!;
  const params = { rows, classes, ignore: attrs.ignoreIndex, share, stride };
  run(SLOPES(classCount(classes)), { dy, x: logits, labels, dx }, params, flatGroups(rows, WORKGROUP));
  return dx;
}

export const crossEntropyKernels: readonly KernelConfig[] = [
  softmaxCrossEntropy,
  softmaxCrossEntropyGrad,
  crossEntropySums,
  crossEntropySumsGrad,
  confidenceCe,
];
