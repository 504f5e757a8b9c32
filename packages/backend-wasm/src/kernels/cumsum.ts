import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { allocate, numbers, sizeOf } from './typedArrays.js';

interface CumsumAttrs {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

/** Running sums along an axis, kept in float64. */
const cumsum = defineKernel<{ x: TensorInfo }, CumsumAttrs>('Cumsum', ({ inputs: { x }, attrs, backend, stock }) => {
  const values = numbers(backend, x);
  if (!values) return stock();
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
  const count = x.shape[axis]!;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const dtype = x.dtype === 'float32' ? 'float32' : 'int32';
  const y = allocate(dtype, values.length);
  const step = attrs.reverse ? -inner : inner;
  for (let line = 0; line < values.length / count; line++) {
    const start = Math.floor(line / inner) * count * inner + (line % inner);
    let i = attrs.reverse ? start + (count - 1) * inner : start;
    let sum = 0;
    for (let k = 0; k < count; k++, i += step) {
      const before = sum;
      sum += values[i]!;
      y[i] = attrs.exclusive ? before : sum;
    }
  }
  return backend.makeTensorInfo(x.shape, dtype, y);
});

export const cumsumKernels: readonly KernelConfig[] = [cumsum];
