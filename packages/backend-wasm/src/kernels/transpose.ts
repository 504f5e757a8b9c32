import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { copyRow } from './copyBox.js';
import { allocate, type Numbers, numbers } from './typedArrays.js';

/** Rows and columns of a tile that stays in the first-level cache. */
const TILE = 32;

const transpose = defineKernel<{ x: TensorInfo }, { perm: number[] }>(
  'Transpose',
  ({ inputs: { x }, attrs: { perm }, backend, stock }) => {
    const values = numbers(backend, x);
    if (!values) return stock();
    const y = allocate(x.dtype, values.length);
    permute(values, x.shape, perm, y);
    const shape = perm.map((axis) => x.shape[axis]!);
    return backend.makeTensorInfo(shape, x.dtype, y);
  },
);

/** An axis of the result: its size, and how far one step along it moves in the input and in the result. */
interface Axis {
  size: number;
  from: number;
  to: number;
}

/** Writes `x` with its axes in the order `perm` to `y`. */
export function permute(x: Numbers, shape: readonly number[], perm: readonly number[], y: Numbers): void {
  if (y.length === 0) return;
  const axes = resultAxes(shape, perm);
  // Read along the input's innermost axis and write along the result's: two axes of a tile, or one where they are the same.
  const inner = axes.at(-1)!;
  const other = axes.find((axis) => axis.from === 1)!;
  const outer = axes.filter((axis) => axis !== inner && axis !== other);
  const blocks = outer.reduce((count, axis) => count * axis.size, 1);
  const position = new Array<number>(outer.length).fill(0);
  let source = 0;
  let target = 0;
  for (let i = 0; i < blocks; i++) {
    if (inner === other) copyRow(x, source, y, target, inner.size);
    else transposeMatrix(x, source, y, target, other, inner);
    for (let k = outer.length - 1; k >= 0; k--) {
      const axis = outer[k]!;
      source += axis.from;
      target += axis.to;
      position[k]!++;
      if (position[k]! < axis.size) break;
      source -= axis.from * axis.size;
      target -= axis.to * axis.size;
      position[k] = 0;
    }
  }
}

/** The result's axes, outermost first, those that stay neighbours merged; at least one. */
function resultAxes(shape: readonly number[], perm: readonly number[]): Axis[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, stride = 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  const axes: Axis[] = [];
  let to = 1;
  for (const p of perm.toReversed()) {
    const size = shape[p]!;
    if (size === 1) continue;
    const inside = axes[0];
    if (inside && strides[p] === inside.from * inside.size) inside.size *= size;
    else axes.unshift({ size, from: strides[p]!, to });
    to *= size;
  }
  return axes.length > 0 ? axes : [{ size: 1, from: 1, to: 1 }];
}

function transposeMatrix(x: Numbers, source: number, y: Numbers, target: number, rows: Axis, columns: Axis): void {
  const { size: height, to: rowStep } = rows;
  const { size: width, from: columnStep } = columns;
  for (let top = 0; top < height; top += TILE) {
    const bottom = Math.min(height, top + TILE);
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(width, left + TILE);
      for (let r = top; r < bottom; r++) {
        let from = source + r + left * columnStep;
        let to = target + r * rowStep + left;
        for (let c = left; c < right; c++, from += columnStep, to++) y[to] = x[from]!;
      }
    }
  }
}

export const transposeKernels: readonly KernelConfig[] = [transpose];
