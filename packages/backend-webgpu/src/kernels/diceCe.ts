import { type DiceCeAttrs, KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { classPart, FOUR, PART, writeClassSums } from './classSums.js';
import { expectTypes } from './operandTypes.js';
import { classCount, softmaxRows } from './softmaxRows.js';
import { COLUMN_TOTALS, columnTotals, compensatedSum, halfOf, WORKGROUP, workgroupTree } from './workgroupSums.js';

/** Of each part: Σ p·t, Σ p², # t of every class, the sum of the cross-entropies and their number; [3·classes + 2, parts]. */
const SUMS = (count: string) =>
  shader(`diceCe sums ${count}`, () => ({
    inputs: { x: 'f32', labels: 'i32' },
    outputs: { partials: 'u32' },
    params: { rows: 'u32', classes: 'u32', parts: 'u32', ignore: 'i32', half: 'u32' },
    workgroup: [WORKGROUP],
    declarations: `${softmaxRows(count)}${compensatedSum('vec4<f32>')}
struct Sums { overlap: vec4<f32>, square: vec4<f32>, truth: vec4<u32>, loss: f32, counted: u32 }
fn joined(a: Sums, b: Sums) -> Sums {
  return Sums(a.overlap + b.overlap, a.square + b.square, a.truth + b.truth, a.loss + b.loss, a.counted + b.counted);
}
${workgroupTree('sumsOf', 'Sums', { join: (a, b) => `joined(${a}, ${b})` })}`,
    body: `${classPart(count)}
  var overlaps = Sum();
  var squares = Sum();
  var losses = Sum();
  var truths = vec4<u32>();
  var counted = 0u;
  for (var row = part * ${PART}u + thread; row < end; row += ${WORKGROUP}u) {
    let label = labels[row];
    let truth = vec4<i32>(label) == classes;
    let found = softmaxRow(row, label);
    var q = vec4<f32>();
    for (var i = 0u; i < min(${FOUR}u, ${count} - first); i++) {
      q[i] = select(exponential(x[row * ${count} + first + i] - found.largest) / (found.rest + 1.0), nan(), found.broken);
    }
    overlaps = added(overlaps, select(vec4<f32>(), q, truth));
    squares = added(squares, q * q);
    truths += select(vec4<u32>(), vec4<u32>(1u), truth);
    if (label != p.ignore) {
      let loss = (found.largest - found.picked) + logOnePlus(found.rest);
      losses = added(losses, vec4<f32>(select(loss, nan(), found.broken || !isClass(label)), 0.0, 0.0, 0.0));
      counted++;
    }
  }
  let sums = sumsOf(thread, Sums(totalOf(overlaps), totalOf(squares), truths, totalOf(losses).x, counted));${writeClassSums(count)}
  if (thread == 0u && first == 0u) {
    partials[3u * ${count} * p.parts + part] = bitcast<u32>(sums.loss);
    partials[(3u * ${count} + 1u) * p.parts + part] = sums.counted;
  }`,
  }));

/** The loss, and its slopes in Σ p·t and Σ p² of every class and in the sum of the cross-entropies: [2·classes + 1]. One workgroup. */
const FINISH = () =>
  shader('diceCe finish', () => ({
    inputs: { partials: 'u32' },
    outputs: { loss: 'f32', slopes: 'f32', totals: 'f32' },
    params: {
      ...{ classes: 'u32', parts: 'u32', first: 'u32', half: 'u32' },
      ...{ smoothNr: 'f32', smoothDr: 'f32', lambdaDice: 'f32', lambdaCe: 'f32' },
    },
    workgroup: [WORKGROUP],
    declarations: COLUMN_TOTALS,
    body: `
  ${columnTotals('3u * p.classes + 2u', 'column < 2u * p.classes || column == 3u * p.classes')}
  if (thread != 0u) { return; }
  let each = p.lambdaDice / f32(p.classes - p.first);
  var sum = 0.0;
  for (var c = 0u; c < p.classes; c++) {
    let above = 2.0 * totals[c] + p.smoothNr;
    let below = totals[p.classes + c] + totals[2u * p.classes + c] + p.smoothDr;
    let ratio = above / below;
    sum += select(0.0, 1.0 - ratio, c >= p.first);
    slopes[c] = select(0.0, -2.0 * each / below, c >= p.first);
    slopes[p.classes + c] = select(0.0, each * ratio / below, c >= p.first);
  }
  let share = p.lambdaCe / max(totals[3u * p.classes + 1u], 1.0);
  slopes[2u * p.classes] = share;
  loss[0] = each * sum + share * totals[3u * p.classes];`,
  }));

/** Through the softmax of a row, q: q·(s − Σ q·s) with s the slope in q; and of the cross-entropy q − t, without cancellation. */
const GRAD = (count: string) =>
  shader(`diceCe grad ${count}`, () => {
    const each = `for (var c = 0u; c < ${count}; c++) {
    let at = index * ${count} + c;
    let power = exponential(x[at] - found.largest);
    let q = power * share;
    let mine = i32(c) == label;
    let slope = 2.0 * q * slopes[${count} + c] + select(0.0, slopes[c], mine);`;
    return {
      inputs: { dy: 'f32', slopes: 'f32', x: 'f32', labels: 'i32' },
      outputs: { dx: 'f32' },
      params: { rows: 'u32', classes: 'u32', ignore: 'i32' },
      workgroup: [WORKGROUP],
      declarations: softmaxRows(count),
      body: `
  if (index >= p.rows) { return; }
  let label = labels[index];
  let found = softmaxRow(index, label);
  let share = select(1.0 / (found.rest + 1.0), nan(), found.broken);
  let entropy = select(slopes[2u * ${count}] * select(nan(), share, isClass(label)), 0.0, label == p.ignore);
  var inner = 0.0;
  ${each} inner += q * slope; }
  ${each} dx[at] = dy[0] * (q * (slope - inner) + entropy * select(power, -found.others, mine)); }`,
    };
  });

type Inputs = Record<'logits' | 'labels', TensorInfo>;

/** λ_dice·(mean over classes of 1 − Dice) + λ_ce·(mean cross-entropy), and the slopes that the gradient needs. */
const diceCe = defineKernel<Inputs, DiceCeAttrs>(KERNELS.DiceCe, ({ inputs, attrs, output, scratch, run }) => {
  const { logits: x, labels } = inputs;
  expectTypes(KERNELS.DiceCe, inputs, ['labels']);
  const { ignoreIndex: ignore, first, smoothNr, smoothDr, lambdaDice, lambdaCe } = attrs;
  const classes = x.shape.at(-1)!;
  const rows = util.sizeFromShape(labels.shape);
  const parts = Math.ceil(rows / PART);
  const columns = 3 * classes + 2;
  const [partials, totals] = [scratch(columns * parts), scratch(columns)];
  const groups = flatGroups(parts * Math.ceil(classes / FOUR));
  run(SUMS(classCount(classes)), { x, labels, partials }, { rows, classes, parts, ignore, half: halfOf(rows) }, groups);
  const [loss, slopes] = [output([]), output([2 * classes + 1])];
  const params = { classes, parts, first, half: halfOf(parts), smoothNr, smoothDr, lambdaDice, lambdaCe };
  run(FINISH(), { partials, loss, slopes, totals }, params, [1]);
  return [loss, slopes];
});

/** dlogits; NaN for a row whose label is no class and not ignored. */
const diceCeGrad = defineKernel<Inputs & Record<'dy' | 'slopes', TensorInfo>, Pick<DiceCeAttrs, 'ignoreIndex'>>(
  KERNELS.DiceCeGrad,
  ({ inputs, attrs: { ignoreIndex: ignore }, output, run }) => {
    const { dy, slopes, logits: x, labels } = inputs;
    expectTypes(KERNELS.DiceCeGrad, inputs, ['labels']);
    const dx = output(x.shape);
    const classes = x.shape.at(-1)!;
    const rows = util.sizeFromShape(labels.shape);
    const operands = { dy, slopes, x, labels, dx };
    run(GRAD(classCount(classes)), operands, { rows, classes, ignore }, flatGroups(rows, WORKGROUP));
    return dx;
  },
);

export const diceCeKernels: readonly KernelConfig[] = [diceCe, diceCeGrad];
