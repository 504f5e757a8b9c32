import { KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';
import { classCount, softmaxRows } from './softmaxRows.js';

const WORKGROUP = 256;
/** Neither a class nor a usual index to ignore. */
const NO_LABEL = 0x7fffffff;

const LABELS = (count: string, moved: boolean) =>
  shader(`pseudoLabels ${count} ${moved}`, () => ({
    inputs: moved ? { x: 'f32', sources: 'i32' } : { x: 'f32' },
    outputs: { label: 'i32', confidence: 'f32' },
    params: { rows: 'u32', classes: 'u32' },
    workgroup: [WORKGROUP],
    declarations: softmaxRows(count),
    body: `
  if (index >= p.rows) { return; }
  let source = ${moved ? 'sources[index]' : 'i32(index)'};
  if (source < 0) {
    label[index] = -1;
    confidence[index] = 0.0;
  } else if (u32(source) >= p.rows) {
    label[index] = ${NO_LABEL};
    confidence[index] = nan();
  } else {
    let found = softmaxRow(u32(source), -1);
    label[index] = i32(found.best);
    confidence[index] = select(1.0 / (found.rest + 1.0), nan(), found.broken);
  }`,
  }));

/**
 * Row v: argmax and largest softmax of the row index[v] of [V, C] (v itself without an index); −1 and 0 where the index is negative. An
 * index past the end gives confidence NaN and a label that is no class, of which the losses make NaN.
 */
const pseudoLabels = defineKernel<{ logits: TensorInfo; index?: TensorInfo }>(
  KERNELS.PseudoLabels,
  ({ inputs, output, run }) => {
    const { logits, index: sources } = inputs;
    expectTypes(KERNELS.PseudoLabels, { ...inputs }, ['index']);
    const rows = util.sizeFromShape(logits.shape.slice(0, -1));
    const [label, confidence] = [output([rows], 'int32'), output([rows])];
    const operands = sources ? { x: logits, sources, label, confidence } : { x: logits, label, confidence };
    const classes = logits.shape.at(-1)!;
    run(LABELS(classCount(classes), sources !== undefined), operands, { rows, classes }, flatGroups(rows, WORKGROUP));
    return [label, confidence];
  },
);

export const pseudoLabelKernels: readonly KernelConfig[] = [pseudoLabels];
