import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { ClassRows } from './classRows.js';

/** Row v: argmax and largest softmax of the row index[v] of [V, C] (v itself without an index); −1 and 0 where the index is −1. */
const pseudoLabels = defineKernel<{ logits: TensorInfo; index?: TensorInfo }>(KERNELS.PseudoLabels, (call) => {
  const { inputs, ints, floats, room, output } = call;
  const rows = new ClassRows(KERNELS.PseudoLabels, inputs.logits.shape);
  const index = inputs.index ? call.ints(inputs.index).byteOffset : 0;
  const shape = [rows.rows];
  const label = room(shape, 'int32');
  const confidence = room(shape);
  const places = [floats(inputs.logits).byteOffset, index, label.byteOffset, confidence.byteOffset] as const;
  const sizes = [rows.rows, rows.rows, rows.classes, rows.unitRows] as const;
  engine().run('pseudoLabels', rows.units, ...places, rows.wrong, rows.scratch, ...sizes);
  const wrong = rows.wrongRow;
  if (wrong !== undefined) {
    const position = ints(inputs.index!)[wrong];
    throw new CrlnError(
      'invalid-data',
      `${KERNELS.PseudoLabels}: index[${wrong}] is ${position}, expected -1 to ${rows.rows - 1}`,
      { position, voxels: rows.rows },
    );
  }
  return [output(shape, label), output(shape, confidence)];
});

export const pseudoLabelKernels: readonly KernelConfig[] = [pseudoLabels];
