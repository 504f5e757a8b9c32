import { type KernelConfig, type TensorInfo, upcastType } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { allocate, numbers, sizeOf } from './typedArrays.js';

/** condition ? t : e, elementwise for three tensors of one shape; a condition of another shape goes to the stock kernel. */
const select = defineKernel<Record<'condition' | 't' | 'e', TensorInfo>>(
  'Select',
  ({ inputs: { condition, t, e }, backend, stock }) => {
    const [cs, ts, es] = [numbers(backend, condition), numbers(backend, t), numbers(backend, e)];
    const size = sizeOf(t.shape);
    if (!cs || !ts || !es || cs.length !== size || ts.length !== size || es.length !== size) return stock();
    const dtype = upcastType(t.dtype, e.dtype);
    const y = allocate(dtype, size);
    for (let i = 0; i < y.length; i++) y[i] = cs[i] === 1 ? ts[i]! : es[i]!;
    return backend.makeTensorInfo(t.shape, dtype, y);
  },
);

export const selectKernels: readonly KernelConfig[] = [select];
