import { backend_util, type DataType, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { channelSums } from './channelLoops.js';
import { rowMax, rowSum } from './rowLoops.js';
import { permute } from './transpose.js';
import { allocate, type Numbers, numbers, sizeOf } from './typedArrays.js';

/** A tensor seen as [outer, reduced, inner], and the shape of what is left. */
interface Reduction {
  x: Numbers;
  outer: number;
  reduced: number;
  inner: number;
  shape: number[];
}

/** Brings the reduced axes together, by a transposition only where kept axes lie between them. */
function reduction(x: Numbers, shape: number[], axis: number | number[], keepDims: boolean): Reduction {
  const axes = new Set(util.parseAxisParam(axis, shape));
  const kept = shape.map((_, i) => i).filter((i) => !axes.has(i));
  const rest = kept.map((i) => shape[i]!);
  const result = keepDims ? backend_util.expandShapeToKeepDim(rest, [...axes]) : rest;
  const first = Math.min(...axes, shape.length);
  const last = Math.max(...axes, first - 1);
  const outer = sizeOf(shape.slice(0, first));
  // Axes of size 1 count as reduced: they change nothing.
  if (kept.every((i) => i < first || i > last || shape[i] === 1)) {
    const inner = sizeOf(shape.slice(last + 1));
    return { x, outer, reduced: sizeOf(shape.slice(first, last + 1)), inner, shape: result };
  }
  const moved = allocate(x instanceof Float32Array ? 'float32' : x instanceof Int32Array ? 'int32' : 'bool', x.length);
  permute(x, shape, [...kept, ...[...axes].sort((a, b) => a - b)], moved);
  const left = sizeOf(rest);
  return { x: moved, outer: left, reduced: sizeOf([...axes].map((i) => shape[i]!)), inner: 1, shape: result };
}

/** Σ over the reduced axis in float64, divided by `divisor`. */
function sums({ x, outer, reduced, inner }: Reduction, divisor: number, y: Numbers): void {
  const size = reduced * inner;
  for (let o = 0; o < outer; o++) {
    if (inner === 1) y[o] = rowSum(x, o * reduced, reduced) / divisor;
    else {
      const part = channelSums(x.subarray(o * size, (o + 1) * size), inner);
      for (let i = 0; i < inner; i++) y[o * inner + i] = part[i]! / divisor;
    }
  }
}

interface SumAttrs {
  axis: number | number[];
  keepDims: boolean;
}

const sum = defineKernel<{ x: TensorInfo }, SumAttrs>('Sum', ({ inputs: { x }, attrs, backend, stock }) => {
  const values = numbers(backend, x);
  if (!values) return stock();
  const dtype: DataType = x.dtype === 'float32' ? 'float32' : 'int32';
  const r = reduction(values, x.shape, attrs.axis, attrs.keepDims);
  const y = allocate(dtype, sizeOf(r.shape));
  sums(r, 1, y);
  return backend.makeTensorInfo(r.shape, dtype, y);
});

/** Always float32, as the stock kernel. */
const mean = defineKernel<{ x: TensorInfo }, SumAttrs>('Mean', ({ inputs: { x }, attrs, backend, stock }) => {
  const values = numbers(backend, x);
  if (!values) return stock();
  const r = reduction(values, x.shape, attrs.axis, attrs.keepDims);
  const y = new Float32Array(sizeOf(r.shape));
  sums(r, r.reduced, y);
  return backend.makeTensorInfo(r.shape, 'float32', y);
});

const max = defineKernel<{ x: TensorInfo }, { reductionIndices: number | number[]; keepDims: boolean }>(
  'Max',
  ({ inputs: { x }, attrs, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values) return stock();
    const r = reduction(values, x.shape, attrs.reductionIndices, attrs.keepDims);
    const y = allocate(x.dtype, sizeOf(r.shape));
    const rows = rowsOf(r);
    for (let i = 0; i < y.length; i++) y[i] = rowMax(rows, i * r.reduced, r.reduced);
    return backend.makeTensorInfo(r.shape, x.dtype, y);
  },
);

/** Where the first of the largest stands; a NaN is never larger. */
const argMax = defineKernel<{ x: TensorInfo }, { axis: number }>(
  'ArgMax',
  ({ inputs: { x }, attrs, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values) return stock();
    const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const r = reduction(values, x.shape, axis, false);
    const rows = rowsOf(r);
    const y = new Int32Array(sizeOf(r.shape));
    for (let i = 0; i < y.length; i++) {
      const start = i * r.reduced;
      let largest = rows[start]!;
      let at = 0;
      for (let j = 1; j < r.reduced; j++) {
        const value = rows[start + j]!;
        if (value > largest) {
          largest = value;
          at = j;
        }
      }
      y[i] = at;
    }
    return backend.makeTensorInfo(r.shape, 'int32', y);
  },
);

/** The reduced axis as the innermost one. */
function rowsOf({ x, outer, reduced, inner }: Reduction): Numbers {
  if (inner === 1) return x;
  const rows = x.slice();
  permute(x, [outer, reduced, inner], [0, 2, 1], rows);
  return rows;
}

export const reduceKernels: readonly KernelConfig[] = [sum, mean, max, argMax];
