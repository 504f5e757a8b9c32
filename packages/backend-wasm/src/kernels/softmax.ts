import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { rowMax } from './rowLoops.js';

/** exp(x − max) / Σ exp(x − max) over the last axis; another axis is refused by the stock kernel. */
const softmax = defineKernel<{ logits: TensorInfo }, { dim: number }>(
  'Softmax',
  ({ inputs: { logits }, attrs: { dim }, values, output, stock }) => {
    const rank = logits.shape.length;
    if (logits.dtype !== 'float32' || (dim !== -1 && dim !== rank - 1)) return stock();
    const x = values(logits);
    const y = new Float32Array(x.length);
    const width = logits.shape[rank - 1] ?? 1;
    if (width === 2) pairs(x, y);
    else for (let start = 0; start < x.length; start += width) softmaxRow(x, y, start, width);
    return output(logits.shape, y);
  },
);

function pairs(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i += 2) {
    const d = x[i + 1]! - x[i]!;
    const e = Math.exp(-Math.abs(d));
    const large = 1 / (1 + e);
    const small = e * large;
    y[i] = d > 0 ? small : large;
    y[i + 1] = d > 0 ? large : small;
  }
}

function softmaxRow(x: Float32Array, y: Float32Array, start: number, width: number): void {
  const max = rowMax(x, start, width);
  const end = start + width;
  let sum = 0;
  for (let i = start; i < end; i++) {
    const e = Math.exp(x[i]! - max);
    sum += e;
    y[i] = e;
  }
  const scale = 1 / sum;
  for (let i = start; i < end; i++) y[i]! *= scale;
}

export const softmaxKernels: readonly KernelConfig[] = [softmax];
