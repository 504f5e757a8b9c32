import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { copyRow } from './copyBox.js';
import { allocate, type Numbers, numbers, sizeOf } from './typedArrays.js';

/** The tensor repeated along its axes; what broadcasting to a shape runs. */
const tile = defineKernel<{ x: TensorInfo }, { reps: number[] }>(
  'Tile',
  ({ inputs: { x }, attrs: { reps }, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values) return stock();
    const shape = x.shape.map((size, i) => size * reps[i]!);
    const y = allocate(x.dtype, sizeOf(shape));
    if (y.length > 0) repeat(values, y, ...merge(x.shape, reps));
    return backend.makeTensorInfo(shape, x.dtype, y);
  },
);

/** Joins an axis that is not repeated to the one before it; at least one axis is left. */
function merge(shape: readonly number[], reps: readonly number[]): [sizes: number[], times: number[]] {
  const sizes: number[] = [];
  const times: number[] = [];
  for (let i = shape.length - 1; i >= 0; i--) {
    if (times.length > 0 && times[0] === 1) {
      sizes[0]! *= shape[i]!;
      times[0] = reps[i]!;
    } else {
      sizes.unshift(shape[i]!);
      times.unshift(reps[i]!);
    }
  }
  return sizes.length > 0 ? [sizes, times] : [[1], [1]];
}

function repeat(x: Numbers, y: Numbers, sizes: readonly number[], times: readonly number[]): void {
  let source = 0;
  let target = 0;
  const last = sizes.length - 1;
  const fill = (axis: number): void => {
    const start = target;
    const size = sizes[axis]!;
    const count = times[axis]!;
    if (axis < last) {
      for (let i = 0; i < size; i++) fill(axis + 1);
    } else if (size === 1) {
      const value = x[source++]!;
      for (const end = start + count; target < end; target++) y[target] = value;
      return;
    } else {
      copyRow(x, source, y, target, size);
      source += size;
      target += size;
    }
    const block = target - start;
    for (let i = 1; i < count; i++, target += block) y.copyWithin(target, start, start + block);
  };
  fill(0);
}

export const tileKernels: readonly KernelConfig[] = [tile];
