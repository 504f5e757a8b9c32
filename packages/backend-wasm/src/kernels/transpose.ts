import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { Numbers } from '../backend.js';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';
import { copyBox } from './copyBox.js';
import { describe, strides, walk } from './walk.js';

const transpose = defineKernel<{ x: TensorInfo }, { perm: number[] }>(
  'Transpose',
  ({ inputs: { x }, attrs: { perm }, resident, room, output, stock }) => {
    const values = resident(x);
    if (!values) return stock();
    const shape = perm.map((axis) => x.shape[axis]!);
    const y = room(shape, x.dtype);
    permute(values, x.shape, perm, y);
    return output(shape, y, x.dtype);
  },
);

/** Writes `x` with its axes in the order `perm` to `y`, both in the shared memory. */
export function permute(x: Numbers, shape: readonly number[], perm: readonly number[], y: Numbers): void {
  if (y.length === 0) return;
  const size = perm.map((axis) => shape[axis]!);
  const steps = strides(shape);
  const from = perm.map((axis) => steps[axis]!);
  const to = strides(size);
  const axes = walk(size, from, to);
  // Matrices of the result's innermost axis and the input's, transposed one by one, unless the two are the same.
  const columns = axes[0]!;
  const rows = axes.find((axis) => axis.from === 1)!;
  if (rows === columns) {
    copyBox({ at: x.byteOffset, steps: from }, { at: y.byteOffset, steps: to }, size, y.BYTES_PER_ELEMENT);
    return;
  }
  const outer = axes.filter((axis) => axis !== columns && axis !== rows);
  const matrices = y.length / (rows.size * columns.size);
  const slabs = unitCount(y.length / matrices);
  const [rowSlabs, columnSlabs] = rows.size > columns.size ? [slabs, 1] : [1, slabs];
  const units = Math.min(unitCount(y.length), matrices * slabs);
  const table = describe(outer, { kernel: 'permute', shape: size });
  const sizes = [rows.size, rows.to, columns.size, columns.from, table, outer.length] as const;
  const cuts = [matrices, rowSlabs, columnSlabs, units] as const;
  engine().run('permute', units, x.byteOffset, y.byteOffset, y.BYTES_PER_ELEMENT, ...sizes, ...cuts);
}

export const transposeKernels: readonly KernelConfig[] = [transpose];
