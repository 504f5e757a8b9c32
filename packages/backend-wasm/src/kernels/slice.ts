import { backend_util, type KernelConfig, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { copyBox } from './copyBox.js';
import { allocate, numbers, sizeOf } from './typedArrays.js';

const origin = (rank: number): number[] => new Array<number>(rank).fill(0);

/** A box of a tensor, always as a copy: a view would keep the whole of the array alive. */
const slice = defineKernel<{ x: TensorInfo }, { begin: number[]; size: number[] }>(
  'Slice',
  ({ inputs: { x }, attrs, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values) return stock();
    const parsed = slice_util.parseSliceParams(
      x as Parameters<typeof slice_util.parseSliceParams>[0],
      attrs.begin,
      attrs.size,
    );
    const [begin, size] = parsed as [number[], number[]];
    slice_util.assertParamsValid(x, begin, size);
    const y = allocate(x.dtype, sizeOf(size));
    copyBox({ values, shape: x.shape, begin }, { values: y, shape: size, begin: origin(size.length) }, size);
    return backend.makeTensorInfo(size, x.dtype, y);
  },
);

/** Neighbouring boxes along an axis. */
const splitV = defineKernel<{ x: TensorInfo }, { numOrSizeSplits: number | number[]; axis: number }>(
  'SplitV',
  ({ inputs: { x }, attrs, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values) return stock();
    const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const begin = origin(x.shape.length);
    const sizes = backend_util.prepareSplitSize(
      x as Parameters<typeof backend_util.prepareSplitSize>[0],
      attrs.numOrSizeSplits,
      axis,
    );
    return sizes.map((count) => {
      const size = x.shape.with(axis, count);
      const y = allocate(x.dtype, sizeOf(size));
      copyBox({ values, shape: x.shape, begin }, { values: y, shape: size, begin: origin(size.length) }, size);
      begin[axis]! += count;
      return backend.makeTensorInfo(size, x.dtype, y);
    });
  },
);

/** The tensor inside a larger one of a constant. */
const padV2 = defineKernel<{ x: TensorInfo }, { paddings: [number, number][]; constantValue: number }>(
  'PadV2',
  ({ inputs: { x }, attrs: { paddings, constantValue }, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values) return stock();
    const shape = paddings.map(([before, after], i) => before + x.shape[i]! + after);
    const y = allocate(x.dtype, sizeOf(shape));
    if (constantValue !== 0) y.fill(constantValue);
    const begin = paddings.map(([before]) => before);
    copyBox({ values, shape: x.shape, begin: origin(shape.length) }, { values: y, shape, begin }, x.shape);
    return backend.makeTensorInfo(shape, x.dtype, y);
  },
);

/** Tensors one after the other along an axis. */
const concat = defineKernel<Record<number, TensorInfo>, { axis: number }>(
  'Concat',
  ({ inputs, attrs, backend, stock }) => {
    const tensors = Object.values(inputs);
    const first = tensors[0]!;
    const full = tensors.filter((tensor) => sizeOf(tensor.shape) > 0);
    const parts = full.map((tensor) => numbers(backend, tensor));
    if (full.length < 2 || parts.includes(undefined)) return stock();
    const axis = util.parseAxisParam(attrs.axis, first.shape)[0]!;
    const shapes = tensors.map((tensor) => tensor.shape);
    backend_util.assertParamsConsistent(shapes, axis);
    const shape = backend_util.computeOutShape(shapes, axis);
    const y = allocate(first.dtype, sizeOf(shape));
    const begin = origin(shape.length);
    full.forEach((tensor, i) => {
      const from = { values: parts[i]!, shape: tensor.shape, begin: origin(shape.length) };
      copyBox(from, { values: y, shape, begin }, tensor.shape);
      begin[axis]! += tensor.shape[axis]!;
    });
    return backend.makeTensorInfo(shape, first.dtype, y);
  },
);

export const sliceKernels: readonly KernelConfig[] = [slice, splitV, padV2, concat];
