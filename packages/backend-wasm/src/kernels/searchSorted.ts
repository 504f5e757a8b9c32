import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { numbers } from './typedArrays.js';

/**
 * How many elements of each sorted row [B, N] are below (`left`) or not above (`right`) each value [B, K].
 *
 * Many values looked up in a row of running counts, as sampling from a mask does, read a table of where each count begins: one
 * read for a value where a binary search makes log₂ N that miss the cache. Other types, and rows too wide apart for a table, go to
 * the stock kernel.
 */
const searchSorted = defineKernel<Record<'sortedSequence' | 'values', TensorInfo>, { side: 'left' | 'right' }>(
  'SearchSorted',
  ({ inputs: { sortedSequence, values }, attrs: { side }, backend, stock }) => {
    const sorted = numbers(backend, sortedSequence);
    const wanted = numbers(backend, values);
    if (!(sorted instanceof Int32Array) || !(wanted instanceof Int32Array)) return stock();
    const [rows, width] = sortedSequence.shape as [number, number];
    const perRow = values.shape[1]!;
    const y = new Int32Array(wanted.length);
    const above = side === 'left' ? 0 : 1;
    for (let row = 0; row < rows; row++) {
      const part = sorted.subarray(row * width, (row + 1) * width);
      const span = width > 0 ? part[width - 1]! - part[0]! : 0;
      if (!(span <= TABLE * (width + perRow))) return stock();
      lookUp(part, wanted.subarray(row * perRow, (row + 1) * perRow), above, y.subarray(row * perRow));
    }
    return backend.makeTensorInfo(values.shape, 'int32', y);
  },
);

/** A table may have this many entries for each element that is read to make it or looked up in it. */
const TABLE = 4;

/** y = how many of `sorted` are below value + above. */
function lookUp(sorted: Int32Array, values: Int32Array, above: number, y: Int32Array): void {
  const width = sorted.length;
  const first = sorted[0] ?? 0;
  const span = (sorted[width - 1] ?? 0) - first;
  // starts[k] = how many are below first + k
  const starts = new Int32Array(span + 1);
  for (let i = 0, k = 0; i < width; i++) {
    for (const reach = sorted[i]! - first; k <= reach; k++) starts[k] = i;
  }
  for (let i = 0; i < values.length; i++) {
    const k = values[i]! + above - first;
    y[i] = k < 0 ? 0 : k > span ? width : starts[k]!;
  }
}

export const searchSortedKernels: readonly KernelConfig[] = [searchSorted];
