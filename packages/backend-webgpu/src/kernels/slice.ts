import { backend_util, type KernelConfig, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { strides } from './axes.js';
import { copyBox, inside } from './copyBox.js';

type Call = Pick<KernelCall<unknown, unknown>, 'output' | 'run'>;

/** A box of a tensor, as a copy. */
function boxOf(call: Call, x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
  const y = call.output(size, x.dtype);
  copyBox(call, inside(x, begin), inside(y), size);
  return y;
}

const slice = defineKernel<{ x: TensorInfo }, { begin: number[]; size: number[] }>('Slice', (call) => {
  const { x } = call.inputs;
  const parsed = slice_util.parseSliceParams(
    x as Parameters<typeof slice_util.parseSliceParams>[0],
    call.attrs.begin,
    call.attrs.size,
  );
  const [begin, size] = parsed as [number[], number[]];
  slice_util.assertParamsValid(x, begin, size);
  return boxOf(call, x, begin, size);
});

interface StridedSliceAttrs {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

/** Every so-manyth position of each axis, also backwards. */
const stridedSlice = defineKernel<{ x: TensorInfo }, StridedSliceAttrs>('StridedSlice', (call) => {
  const { x } = call.inputs;
  const { begin, end, strides: wanted, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = call.attrs;
  const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
  const info = slice_util.sliceInfo(x.shape, begin, end, wanted, ...masks);
  if (info.isIdentity) return call.alias(x, info.finalShape);
  const y = call.output(info.finalShape, x.dtype);
  if (util.sizeFromShape(y.shape) === 0) return y;
  const size = slice_util.computeOutShape(info.begin, info.end, info.strides);
  const steps = strides(x.shape).map((step, i) => step * info.strides[i]!);
  const { at } = inside(x, info.begin);
  copyBox(call, { tensor: x, at, steps }, { tensor: y, at: 0, steps: strides(size) }, size);
  return y;
});

/** Neighbouring boxes along an axis. */
const splitV = defineKernel<{ x: TensorInfo }, { numOrSizeSplits: number | number[]; axis: number }>(
  'SplitV',
  (call) => {
    const { x } = call.inputs;
    const axis = util.parseAxisParam(call.attrs.axis, x.shape)[0]!;
    const sizes = backend_util.prepareSplitSize(
      x as Parameters<typeof backend_util.prepareSplitSize>[0],
      call.attrs.numOrSizeSplits,
      axis,
    );
    const begin = x.shape.map(() => 0);
    return sizes.map((count) => {
      const y = boxOf(call, x, begin, x.shape.with(axis, count));
      begin[axis]! += count;
      return y;
    });
  },
);

/** Each position along an axis as a tensor without it. */
const unpack = defineKernel<{ value: TensorInfo }, { axis: number }>('Unpack', (call) => {
  const { value } = call.inputs;
  const axis = util.parseAxisParam(call.attrs.axis, value.shape)[0]!;
  const begin = value.shape.map(() => 0);
  return Array.from({ length: value.shape[axis]! }, (_, i) => {
    const y = boxOf(call, value, begin.with(axis, i), value.shape.with(axis, 1));
    return { ...y, shape: value.shape.toSpliced(axis, 1) };
  });
});

export const sliceKernels: readonly KernelConfig[] = [slice, stridedSlice, splitV, unpack];
