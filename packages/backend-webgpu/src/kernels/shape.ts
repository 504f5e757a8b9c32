import { CrlnError } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';

const identity = defineKernel<{ x: TensorInfo }>('Identity', ({ inputs: { x }, alias }) => alias(x, x.shape));

/** The same elements in another shape, of which one size may be −1: what is left. */
const reshape = defineKernel<{ x: TensorInfo }, { shape: number[] }>('Reshape', ({ inputs: { x }, attrs, alias }) =>
  alias(x, util.inferFromImplicitShape(attrs.shape, util.sizeFromShape(x.shape))),
);

/** The same elements with an axis of size 1 more; a negative axis counts from the end. */
const expandDims = defineKernel<{ input: TensorInfo }, { dim: number }>(
  'ExpandDims',
  ({ inputs: { input }, attrs: { dim }, alias }) => {
    const rank = input.shape.length;
    if (dim < -(rank + 1) || dim > rank) {
      throw new CrlnError('invalid-argument', `ExpandDims: expected an axis of ${-(rank + 1)} to ${rank}, got ${dim}`, {
        axis: dim,
        shape: input.shape,
      });
    }
    return alias(input, input.shape.toSpliced(dim < 0 ? rank + dim + 1 : dim, 0, 1));
  },
);

export const shapeKernels: readonly KernelConfig[] = [identity, reshape, expandDims];
