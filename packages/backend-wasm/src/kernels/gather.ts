import { backend_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { allocate, type Numbers, numbers, sizeOf } from './typedArrays.js';

/** Above this length a typed array's `set` is faster than a loop. */
const LONG_ROW = 64;

/** The slices at the given indices along an axis; batched gathering goes to the stock kernel. */
const gatherV2 = defineKernel<Record<'x' | 'indices', TensorInfo>, { axis: number; batchDims?: number }>(
  'GatherV2',
  ({ inputs: { x, indices }, attrs: { axis, batchDims }, backend, ints, stock }) => {
    const values = numbers(backend, x);
    if (!values || batchDims) return stock();
    const at = ints(indices);
    const parsed = util.parseAxisParam(axis, x.shape)[0]!;
    const size = x.shape[parsed]!;
    for (let k = 0; k < at.length; k++) {
      if (at[k]! < 0 || at[k]! >= size) return stock(); // which says what is wrong
    }
    const info = backend_util.segment_util.collectGatherOpShapeInfo(
      x as Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>[0],
      indices as Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>[1],
      parsed,
      0,
    );
    const y = allocate(x.dtype, sizeOf(info.outputShape));
    const { outerSize, sliceSize } = info;
    for (let outer = 0; outer < outerSize; outer++) {
      gatherRows(values, outer * size * sliceSize, at, sliceSize, y, outer * at.length * sliceSize);
    }
    return backend.makeTensorInfo(info.outputShape, x.dtype, y);
  },
);

function gatherRows(x: Numbers, base: number, at: Int32Array, width: number, y: Numbers, target: number): void {
  let to = target;
  for (let k = 0; k < at.length; k++) {
    const from = base + at[k]! * width;
    if (width > LONG_ROW) y.set(x.subarray(from, from + width), to);
    else for (let i = 0; i < width; i++) y[to + i] = x[from + i]!;
    to += width;
  }
}

export const gatherKernels: readonly KernelConfig[] = [gatherV2];
