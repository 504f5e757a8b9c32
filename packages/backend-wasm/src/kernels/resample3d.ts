import { KERNELS, type SparseMatrix } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { rowUnits } from '../units.js';
import { put, resized, volume } from './moves.js';

/** Bytes of an entry: source offset, weight. */
const ENTRY = 8;

const rowsOf = ({ starts }: SparseMatrix): number => starts.length - 1;

/** D, H and W of every sample multiplied by a sparse matrix each. */
const resample = defineKernel<{ x: TensorInfo }, { matrices: readonly [SparseMatrix, SparseMatrix, SparseMatrix] }>(
  KERNELS.Resample3d,
  ({ inputs: { x }, attrs: { matrices }, floats, room, output }) => {
    const { batch, size, channels } = volume(x);
    const [d, h, w] = [rowsOf(matrices[0]), rowsOf(matrices[1]), rowsOf(matrices[2])];
    const shape = resized(x, [d, h, w]);
    const y = room(shape);
    const voxel = channels * 4;
    const strides = [size[1] * size[2] * voxel, size[2] * voxel, voxel];
    const tables = matrices.flatMap((matrix, axis) => [
      put(matrix.starts, KERNELS.Resample3d),
      put(entries(matrix, strides[axis]!), KERNELS.Resample3d),
    ]) as [number, number, number, number, number, number];
    const pairs = longestRow(matrices[0]) * longestRow(matrices[1]);
    const stride = ENTRY * pairs + size[2] * voxel + 64;
    const scratch = room([(engine().threads * stride) / 4]);
    const { rows, units } = rowUnits(batch * d * h, w * channels);
    engine().run(
      'resample',
      units,
      floats(x).byteOffset,
      y.byteOffset,
      scratch.byteOffset,
      stride,
      pairs,
      size[0] * strides[0]!,
      ...tables,
      d,
      h,
      w,
      size[2],
      channels,
      isIdentity(matrices[2], size[2]) ? 1 : 0,
      batch * d * h,
      rows,
    );
    return output(shape, y);
  },
);

/** (byte offset, weight's bits) of every entry. */
function entries({ columns, weights }: SparseMatrix, stride: number): Int32Array {
  const words = new Int32Array(2 * columns.length);
  const numbers = new Float32Array(words.buffer);
  columns.forEach((column, k) => {
    words[2 * k] = column * stride;
    numbers[2 * k + 1] = weights[k]!;
  });
  return words;
}

function longestRow(matrix: SparseMatrix): number {
  let longest = 0;
  for (let i = 0; i < rowsOf(matrix); i++) longest = Math.max(longest, matrix.starts[i + 1]! - matrix.starts[i]!);
  return longest;
}

const isIdentity = (matrix: SparseMatrix, size: number): boolean =>
  rowsOf(matrix) === size &&
  matrix.columns.length === size &&
  matrix.columns.every((column, k) => column === k && matrix.starts[k] === k && matrix.weights[k] === 1);

export const resampleKernels: readonly KernelConfig[] = [resample];
