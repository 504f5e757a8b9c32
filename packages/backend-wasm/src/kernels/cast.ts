import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { allocate, numbers } from './typedArrays.js';

/**
 * Between float32, int32 (rounding towards zero) and bool (is not zero). Unlike the stock kernel, a cast to float32 makes a
 * Float32Array, not a tensor that is float32 in name: the loops that follow are compiled for it.
 */
const cast = defineKernel<{ x: TensorInfo }, { dtype: DataType }>(
  'Cast',
  ({ inputs: { x }, attrs: { dtype }, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values || x.dtype === dtype || !(dtype === 'float32' || dtype === 'int32' || dtype === 'bool')) return stock();
    const y = allocate(dtype, values.length);
    if (dtype === 'bool') for (let i = 0; i < y.length; i++) y[i] = values[i] !== 0 ? 1 : 0;
    else y.set(values);
    return backend.makeTensorInfo(x.shape, dtype, y);
  },
);

export const castKernels: readonly KernelConfig[] = [cast];
