import { backend_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { copyRow } from './copyBox.js';
import { allocate, numbers, sizeOf } from './typedArrays.js';

/** The slices at the given indices along an axis; batched gathering goes to the stock kernel. */
const gatherV2 = defineKernel<Record<'x' | 'indices', TensorInfo>, { axis: number; batchDims?: number }>(
  'GatherV2',
  ({ inputs: { x, indices }, attrs: { axis, batchDims }, backend, ints, stock }) => {
    const values = numbers(backend, x);
    if (!values || batchDims) return stock();
    const at = ints(indices);
    const parsed = util.parseAxisParam(axis, x.shape)[0]!;
    const size = x.shape[parsed]!;
    for (const index of at) {
      if (index < 0 || index >= size) return stock(); // which says what is wrong
    }
    const info = backend_util.segment_util.collectGatherOpShapeInfo(
      x as Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>[0],
      indices as Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>[1],
      parsed,
      0,
    );
    const y = allocate(x.dtype, sizeOf(info.outputShape));
    const { outerSize, sliceSize } = info;
    for (let outer = 0, to = 0; outer < outerSize; outer++) {
      const base = outer * size * sliceSize;
      if (sliceSize === 1) for (let k = 0; k < at.length; k++, to++) y[to] = values[base + at[k]!]!;
      else {
        for (let k = 0; k < at.length; k++, to += sliceSize) {
          copyRow(values, base + at[k]! * sliceSize, y, to, sliceSize);
        }
      }
    }
    return backend.makeTensorInfo(info.outputShape, x.dtype, y);
  },
);

export const gatherKernels: readonly KernelConfig[] = [gatherV2];
