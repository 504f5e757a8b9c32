import { type GatherAxesAttrs, KERNELS, type SparseMatrix, type Triple } from '@crln/core';
import type * as tf from '@tensorflow/tfjs-core';
import { spatial } from './axis.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

/** Which input position each position of an axis looks at; −1 = outside. */
type Positions = Int32Array;
type Matrices = readonly [SparseMatrix, SparseMatrix, SparseMatrix];

/** One value for each of D, H and W. */
export const eachAxis = <T>(make: (axis: 0 | 1 | 2) => T): [T, T, T] => [make(0), make(1), make(2)];

/** 0 … n − 1, each through a rule. */
export const positionsAlong = (n: number, from: (i: number) => number = (i) => i): Positions => {
  const positions = new Int32Array(n);
  for (let i = 0; i < n; i++) positions[i] = from(i);
  return positions;
};

/** Whether the backend moves the voxels of such a tensor with kernels of its own. */
export const movesVoxels = (x: tf.Tensor): boolean => x.dtype !== 'bool' && hasKernel(KERNELS.GatherAxes);

/**
 * Output voxel (i, j, k) takes the input voxel that `from` says, one table an axis: flips, turns, crops, pads, nearest resizing. By the kernel of the
 * backend; float tensors are differentiable. `along` says which input axis an output axis runs along; by default its own.
 */
export function gatherAxes<T extends tf.Tensor>(
  x: T,
  from: GatherAxesAttrs['from'],
  { along = [0, 1, 2], fill = 0 }: { along?: Triple; fill?: number } = {},
): T {
  const attrs: GatherAxesAttrs = { along, from, fill };
  if (x.dtype !== 'float32') return runKernel(KERNELS.GatherAxes, { x }, attrs)[0] as T;
  return differentiable('gatherAxes', {
    inputs: { x },
    forward: () => [runKernel(KERNELS.GatherAxes, { x }, attrs)[0]!],
    gradient: ([dy]) => ({ x: () => scatterAxes(dy!, attrs, spatial(x.shape)) }),
  })[0] as T;
}

/** The transpose of {@link gatherAxes}: every input voxel gets the sum of the output voxels that look at it. */
function scatterAxes(dy: tf.Tensor, { along, from }: GatherAxesAttrs, size: Triple): tf.Tensor {
  const back = eachAxis((axis) => along.indexOf(axis));
  const inverse = eachAxis((axis) => inverted(from[back[axis]!]!, size[axis]));
  if (inverse.every((positions) => positions !== undefined)) {
    return runKernel(KERNELS.GatherAxes, { x: dy }, { along: back, from: inverse, fill: 0 })[0]!;
  }
  // Only turns run along other axes, and they look at no voxel twice.
  const matrices = eachAxis((axis) => transposed(picking(from[axis]), size[axis]));
  return runKernel(KERNELS.Resample3d, { x: dy }, { matrices })[0]!;
}

/** Where each of n positions is looked at from; undefined where one is looked at twice. */
function inverted(from: Positions, n: number): Positions | undefined {
  const back = new Int32Array(n).fill(-1);
  for (let i = 0; i < from.length; i++) {
    if (from[i]! < 0) continue;
    if (back[from[i]!] !== -1) return undefined;
    back[from[i]!] = i;
  }
  return back;
}

/** A matrix of ones where a position looks. */
const picking = (from: Positions): SparseMatrix =>
  sparseMatrix(Array.from(from, (position) => (position < 0 ? [] : [[position, 1]])));

/** A matrix by its rows, each of (column, weight). */
export function sparseMatrix(rows: readonly (readonly (readonly [column: number, weight: number])[])[]): SparseMatrix {
  const starts = Int32Array.from([0, ...rows.map(({ length }) => length)]);
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
  const entries = rows.flat();
  return {
    starts,
    columns: Int32Array.from(entries, ([column]) => column),
    weights: Float32Array.from(entries, ([, weight]) => weight),
  };
}

/** The transpose of a matrix of `columns` columns. */
function transposed({ starts, columns, weights }: SparseMatrix, count: number): SparseMatrix {
  const rows: [number, number][][] = Array.from({ length: count }, () => []);
  for (let i = 0; i + 1 < starts.length; i++) {
    for (let k = starts[i]!; k < starts[i + 1]!; k++) rows[columns[k]!]!.push([i, weights[k]!]);
  }
  return sparseMatrix(rows);
}

/** D, H and W of a float volume each multiplied by a matrix, by the kernel of the backend; differentiable. */
export function resample<T extends tf.Tensor>(x: T, matrices: Matrices): T {
  return differentiable('resample', {
    inputs: { x },
    forward: () => [runKernel(KERNELS.Resample3d, { x }, { matrices })[0]!],
    gradient: ([dy]) => ({
      x: () => {
        const size = spatial(x.shape);
        return runKernel(
          KERNELS.Resample3d,
          { x: dy! },
          { matrices: eachAxis((a) => transposed(matrices[a], size[a])) },
        )[0]!;
      },
    }),
  })[0] as T;
}
