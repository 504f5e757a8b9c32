import { backend_util, type KernelConfig, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { copyBox, inside } from './copyBox.js';

/** A box of a tensor, always as a copy: a view would keep the whole of the array alive. */
const slice = defineKernel<{ x: TensorInfo }, { begin: number[]; size: number[] }>(
  'Slice',
  ({ inputs: { x }, attrs, resident, room, output, stock }) => {
    const values = resident(x);
    if (!values) return stock();
    const parsed = slice_util.parseSliceParams(
      x as Parameters<typeof slice_util.parseSliceParams>[0],
      attrs.begin,
      attrs.size,
    );
    const [begin, size] = parsed as [number[], number[]];
    slice_util.assertParamsValid(x, begin, size);
    const y = room(size, x.dtype);
    copyBox(inside(values, x.shape, begin), inside(y, size), size, y.BYTES_PER_ELEMENT);
    return output(size, y, x.dtype);
  },
);

/** Neighbouring boxes along an axis. */
const splitV = defineKernel<{ x: TensorInfo }, { numOrSizeSplits: number | number[]; axis: number }>(
  'SplitV',
  ({ inputs: { x }, attrs, resident, room, output, stock }) => {
    const values = resident(x);
    if (!values) return stock();
    const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const begin = x.shape.map(() => 0);
    const sizes = backend_util.prepareSplitSize(
      x as Parameters<typeof backend_util.prepareSplitSize>[0],
      attrs.numOrSizeSplits,
      axis,
    );
    return sizes.map((count) => {
      const size = x.shape.with(axis, count);
      const y = room(size, x.dtype);
      copyBox(inside(values, x.shape, begin), inside(y, size), size, y.BYTES_PER_ELEMENT);
      begin[axis]! += count;
      return output(size, y, x.dtype);
    });
  },
);

/** The tensor inside a larger one of a constant. */
const padV2 = defineKernel<{ x: TensorInfo }, { paddings: [number, number][]; constantValue: number }>(
  'PadV2',
  ({ inputs: { x }, attrs: { paddings, constantValue }, resident, room, output, stock }) => {
    const values = resident(x);
    if (!values) return stock();
    const shape = paddings.map(([before, after], i) => before + x.shape[i]! + after);
    const y = room(shape, x.dtype);
    const constant = room([], x.dtype);
    constant[0] = constantValue;
    copyBox({ at: constant.byteOffset, steps: [0] }, { at: y.byteOffset, steps: [1] }, [y.length], y.BYTES_PER_ELEMENT);
    const begin = paddings.map(([before]) => before);
    copyBox(inside(values, x.shape), inside(y, shape, begin), x.shape, y.BYTES_PER_ELEMENT);
    return output(shape, y, x.dtype);
  },
);

/** Tensors one after the other along an axis. */
const concat = defineKernel<Record<number, TensorInfo>, { axis: number }>(
  'Concat',
  ({ inputs, attrs, resident, room, output, stock }) => {
    const tensors = Object.values(inputs);
    const { shape: firstShape, dtype } = tensors[0]!;
    const full = tensors.filter((tensor) => util.sizeFromShape(tensor.shape) > 0);
    const parts = full.map(resident);
    if (full.length < 2 || parts.includes(undefined)) return stock();
    const axis = util.parseAxisParam(attrs.axis, firstShape)[0]!;
    const shapes = tensors.map((tensor) => tensor.shape);
    backend_util.assertParamsConsistent(shapes, axis);
    const shape = backend_util.computeOutShape(shapes, axis);
    const y = room(shape, dtype);
    const begin = shape.map(() => 0);
    full.forEach((tensor, i) => {
      copyBox(inside(parts[i]!, tensor.shape), inside(y, shape, begin), tensor.shape, y.BYTES_PER_ELEMENT);
      begin[axis]! += tensor.shape[axis]!;
    });
    return output(shape, y, dtype);
  },
);

export const sliceKernels: readonly KernelConfig[] = [slice, splitV, padV2, concat];
