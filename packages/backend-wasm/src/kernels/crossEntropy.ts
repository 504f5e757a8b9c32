import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { rowMax } from './rowLoops.js';

interface CrossEntropyAttrs {
  ignoreIndex: number;
}

/** loss = log Σ exp(logits) − logits[label] per row, 0 where the label is `ignoreIndex`. */
const softmaxCrossEntropy = defineKernel<Record<'logits' | 'labels', TensorInfo>, CrossEntropyAttrs>(
  KERNELS.SoftmaxCrossEntropy,
  ({ inputs: { logits, labels }, attrs: { ignoreIndex }, values, ints, output }) => {
    const [x, t] = [values(logits), ints(labels)];
    const classes = logits.shape.at(-1)!;
    const loss = new Float32Array(t.length);
    for (let row = 0; row < t.length; row++) {
      const label = t[row]!;
      if (label === ignoreIndex) continue;
      checkLabel(label, row, classes, ignoreIndex);
      const start = row * classes;
      if (classes === 2) {
        // softplus of (the other logit − this one), written so that neither sign overflows
        const d = x[start + 1 - label]! - x[start + label]!;
        loss[row] = Math.max(d, 0) + Math.log1p(Math.exp(-Math.abs(d)));
        continue;
      }
      const max = rowMax(x, start, classes);
      let sum = 0;
      for (let i = start; i < start + classes; i++) sum += Math.exp(x[i]! - max);
      loss[row] = Math.log(sum) + max - x[start + label]!;
    }
    return output(labels.shape, loss);
  },
);

/** dlogits = dy·(softmax(logits) − one-hot label), 0 where the label is `ignoreIndex`. */
const softmaxCrossEntropyGrad = defineKernel<Record<'dy' | 'logits' | 'labels', TensorInfo>, CrossEntropyAttrs>(
  KERNELS.SoftmaxCrossEntropyGrad,
  ({ inputs: { dy, logits, labels }, attrs: { ignoreIndex }, values, ints, output }) => {
    const [d, x, t] = [values(dy), values(logits), ints(labels)];
    const classes = logits.shape.at(-1)!;
    const out = new Float32Array(x.length);
    const powers = new Float64Array(classes);
    for (let row = 0; row < t.length; row++) {
      const label = t[row]!;
      if (label === ignoreIndex) continue;
      checkLabel(label, row, classes, ignoreIndex);
      const start = row * classes;
      if (classes === 2) {
        // the probability of the wrong class: what the right one's logit must gain and the other's lose
        const e = x[start + 1 - label]! - x[start + label]!;
        const small = Math.exp(-Math.abs(e));
        const wrong = (d[row]! * (e > 0 ? 1 : small)) / (1 + small);
        out[start + label] = -wrong;
        out[start + 1 - label] = wrong;
        continue;
      }
      const max = rowMax(x, start, classes);
      let sum = 0;
      for (let c = 0; c < classes; c++) {
        const power = Math.exp(x[start + c]! - max);
        powers[c] = power;
        sum += power;
      }
      const scale = d[row]! / sum;
      for (let c = 0; c < classes; c++) out[start + c] = scale * powers[c]!;
      // p − 1 without cancellation where p is nearly 1
      out[start + label] = -scale * (sum - powers[label]!);
    }
    return output(logits.shape, out);
  },
);

function checkLabel(label: number, row: number, classes: number, ignoreIndex: number): void {
  if (label >= 0 && label < classes) return;
  throw new CrlnError(
    'invalid-data',
    `cross-entropy: labels[${row}] is ${label}, expected 0 to ${classes - 1}, or ${ignoreIndex} to ignore the voxel`,
    { label, row, classes, ignoreIndex },
  );
}

export const crossEntropyKernels: readonly KernelConfig[] = [softmaxCrossEntropy, softmaxCrossEntropyGrad];
