import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';

/** exp(x − max) / Σ exp(x − max) over the last axis; another axis is refused by the stock kernel. */
const softmax = defineKernel<{ logits: TensorInfo }, { dim: number }>(
  'Softmax',
  ({ inputs: { logits }, attrs: { dim }, floats, room, output, stock }) => {
    const { shape, dtype } = logits;
    if (dtype !== 'float32' || (dim !== -1 && dim !== shape.length - 1)) return stock();
    const x = floats(logits);
    const y = room(shape);
    const width = shape.at(-1) ?? 1;
    const rows = x.length / Math.max(width, 1);
    const units = Math.min(unitCount(4 * x.length), Math.max(rows, 1));
    engine().run('softmax', units, x.byteOffset, y.byteOffset, rows, width, units);
    return output(shape, y);
  },
);

export const softmaxKernels: readonly KernelConfig[] = [softmax];
