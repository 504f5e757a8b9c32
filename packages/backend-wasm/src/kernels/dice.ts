import { KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { ClassRows } from './classRows.js';
import { Sums } from './sums.js';

interface DiceAttrs {
  /** The input is logits, of which the softmax is taken first. */
  softmax?: boolean;
}

/** [3, C]: Σ p·t, Σ p², Σ t² per class, where t is the one-hot label (no class's where the label is outside 0 … C − 1). */
const diceSums = defineKernel<Record<'probabilities' | 'labels', TensorInfo>, DiceAttrs>(KERNELS.DiceSums, (call) => {
  const { inputs, attrs, floats, room, output } = call;
  const rows = new ClassRows(KERNELS.DiceSums, inputs.probabilities.shape);
  const { classes } = rows;
  const sums = new Sums(rows.purpose, { groups: 1, parts: rows.units, rows: 3, width: classes, channels: classes });
  const labels = call.ints(inputs.labels).byteOffset;
  const places = [floats(inputs.probabilities).byteOffset, labels, sums.at, rows.scratch] as const;
  engine().run('diceSums', rows.units, ...places, attrs.softmax ? 1 : 0, rows.rows, classes, rows.unitRows);
  const result = room([3, classes]);
  for (let row = 0; row < 3; row++) result.set(sums.fold({ row }), row * classes);
  return output([3, classes], result);
});

/** dp = t·dy[0] + 2·p·dy[1] per class; of the logits p·(dp − Σ p·dp). */
const diceSumsGrad = defineKernel<Record<'dy' | 'probabilities' | 'labels', TensorInfo>, DiceAttrs>(
  KERNELS.DiceSumsGrad,
  (call) => {
    const { inputs, attrs, floats, room, output } = call;
    const rows = new ClassRows(KERNELS.DiceSumsGrad, inputs.probabilities.shape);
    const labels = call.ints(inputs.labels).byteOffset;
    const dx = room(inputs.probabilities.shape);
    const [dy, x] = [floats(inputs.dy).byteOffset, floats(inputs.probabilities).byteOffset];
    const sizes = [attrs.softmax ? 1 : 0, rows.rows, rows.classes, rows.unitRows] as const;
    engine().run('diceGrad', rows.units, dy, x, labels, dx.byteOffset, rows.scratch, ...sizes);
    return output(inputs.probabilities.shape, dx);
  },
);

export const diceKernels: readonly KernelConfig[] = [diceSums, diceSumsGrad];
