import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { ClassRows } from './classRows.js';
import { Sums } from './sums.js';

interface CrossEntropyAttrs {
  ignoreIndex: number;
}
type Inputs = Record<'logits' | 'labels', TensorInfo>;

/** loss = log Σ exp(logits) − logits[label] per row, 0 where the label is `ignoreIndex`. */
const softmaxCrossEntropy = defineKernel<Inputs, CrossEntropyAttrs>(KERNELS.SoftmaxCrossEntropy, (call) => {
  const { inputs, attrs, floats, room, output } = call;
  const rows = new ClassRows(KERNELS.SoftmaxCrossEntropy, inputs.logits.shape);
  const labels = call.ints(inputs.labels).byteOffset;
  const loss = room(inputs.labels.shape);
  const places = [floats(inputs.logits).byteOffset, labels, loss.byteOffset, rows.wrong, rows.scratch] as const;
  engine().run('crossEntropy', rows.units, ...places, rows.rows, rows.classes, attrs.ignoreIndex, rows.unitRows);
  checkLabels(rows, call);
  return output(inputs.labels.shape, loss);
});

/** dlogits = dy·(softmax(logits) − one-hot label), 0 where the label is `ignoreIndex`. */
const softmaxCrossEntropyGrad = defineKernel<Inputs & { dy: TensorInfo }, CrossEntropyAttrs>(
  KERNELS.SoftmaxCrossEntropyGrad,
  (call) => {
    const { inputs, attrs, floats, room, output } = call;
    const rows = new ClassRows(KERNELS.SoftmaxCrossEntropyGrad, inputs.logits.shape);
    const labels = call.ints(inputs.labels).byteOffset;
    const dx = room(inputs.logits.shape);
    const [dy, x] = [floats(inputs.dy).byteOffset, floats(inputs.logits).byteOffset];
    const places = [dy, x, labels, dx.byteOffset, rows.wrong, rows.scratch] as const;
    engine().run('crossEntropyGrad', rows.units, ...places, rows.rows, rows.classes, attrs.ignoreIndex, rows.unitRows);
    checkLabels(rows, call);
    return output(inputs.logits.shape, dx);
  },
);

/** [N, 3]: Σ loss, the number of losses above 0 in float32, and of labels that are not ignored, of each sample of [N, …, C]. */
const crossEntropySums = defineKernel<Inputs, CrossEntropyAttrs>(KERNELS.CrossEntropySums, (call) => {
  const { inputs, attrs, floats, room, output } = call;
  const samples = inputs.logits.shape[0]!;
  const rows = new ClassRows(KERNELS.CrossEntropySums, inputs.logits.shape, samples);
  const labels = call.ints(inputs.labels).byteOffset;
  const sums = new Sums(rows.purpose, { groups: samples, parts: rows.parts, rows: 1, width: 3, channels: 3 });
  const places = [floats(inputs.logits).byteOffset, labels, sums.at, rows.wrong, rows.scratch] as const;
  const sizes = [rows.rows, rows.classes, attrs.ignoreIndex, rows.unitRows, rows.parts] as const;
  engine().run('crossEntropySums', rows.units, ...places, ...sizes);
  checkLabels(rows, call);
  const result = room([samples, 3]);
  for (let group = 0; group < samples; group++) result.set(sums.fold({ group }), group * 3);
  return output([samples, 3], result);
});

/** dlogits = dy[n, 0]·(softmax(logits) − one-hot label) in sample n, 0 where the label is `ignoreIndex`. */
const crossEntropySumsGrad = defineKernel<Inputs & { dy: TensorInfo }, CrossEntropyAttrs>(
  KERNELS.CrossEntropySumsGrad,
  (call) => {
    const { inputs, attrs, floats, room, output } = call;
    const rows = new ClassRows(KERNELS.CrossEntropySumsGrad, inputs.logits.shape, inputs.logits.shape[0]);
    const labels = call.ints(inputs.labels).byteOffset;
    const dx = room(inputs.logits.shape);
    const [dy, x] = [floats(inputs.dy).byteOffset, floats(inputs.logits).byteOffset];
    const sizes = [rows.rows, rows.classes, attrs.ignoreIndex, rows.unitRows, rows.parts] as const;
    engine().run('crossEntropySumsGrad', rows.units, dy, 3, x, labels, dx.byteOffset, rows.scratch, ...sizes);
    return output(inputs.logits.shape, dx);
  },
);

function checkLabels(rows: ClassRows, { inputs, attrs, ints }: KernelCall<Inputs, CrossEntropyAttrs>): void {
  const row = rows.wrongRow;
  if (row === undefined) return;
  const { classes } = rows;
  const { ignoreIndex } = attrs;
  const label = ints(inputs.labels)[row];
  throw new CrlnError(
    'invalid-data',
    `cross-entropy: labels[${row}] is ${label}, expected 0 to ${classes - 1}, or ${ignoreIndex} to ignore the voxel`,
    { label, row, classes, ignoreIndex },
  );
}

export const crossEntropyKernels: readonly KernelConfig[] = [
  softmaxCrossEntropy,
  softmaxCrossEntropyGrad,
  crossEntropySums,
  crossEntropySumsGrad,
];
