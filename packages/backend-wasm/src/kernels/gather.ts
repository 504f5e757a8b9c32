import { backend_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { allocate, type Numbers, numbers, sizeOf } from './typedArrays.js';

/** Above this length a typed array's `set` is faster than a loop. */
const LONG_ROW = 64;

/** 32-bit elements as words: a loop that moves words need not make numbers of them, and is compiled for one type of array. */
const words = (values: Numbers): Numbers =>
  values instanceof Float32Array ? new Int32Array(values.buffer, values.byteOffset, values.length) : values;

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
    // A float32 tensor may be stored as integers, which then become floats on the way.
    const alike = values.constructor === y.constructor;
    const [from, to] = alike ? [words(values), words(y)] : [values, y];
    for (let outer = 0; outer < outerSize; outer++) {
      gatherRows(from, outer * size * sliceSize, at, sliceSize, to, outer * at.length * sliceSize);
    }
    return backend.makeTensorInfo(info.outputShape, x.dtype, y);
  },
);

function gatherRows(x: Numbers, base: number, at: Int32Array, width: number, y: Numbers, target: number): void {
  let to = target;
  const fours = width - (width % 4);
  for (let k = 0; k < at.length; k++, to += width) {
    const from = base + at[k]! * width;
    if (width > LONG_ROW) {
      y.set(x.subarray(from, from + width), to);
      continue;
    }
    for (let i = 0; i < fours; i += 4) {
      y[to + i] = x[from + i]!;
      y[to + i + 1] = x[from + i + 1]!;
      y[to + i + 2] = x[from + i + 2]!;
      y[to + i + 3] = x[from + i + 3]!;
    }
    for (let i = fours; i < width; i++) y[to + i] = x[from + i]!;
  }
}

export const gatherKernels: readonly KernelConfig[] = [gatherV2];
