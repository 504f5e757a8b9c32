import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';

/** A table may have this many entries for each element that is read to make it or looked up in it. */
const TABLE = 4;

/**
 * How many elements of each sorted row [B, N] are below (`left`) or not above (`right`) each value [B, K].
 *
 * Many values looked up in a row of running counts, as sampling from a mask does, read a table of where each count begins: one
 * read for a value where a binary search makes log₂ N that miss the cache. Other types, and rows too wide apart for a table, go to
 * the stock kernel.
 */
const searchSorted = defineKernel<Record<'sortedSequence' | 'values', TensorInfo>, { side: 'left' | 'right' }>(
  'SearchSorted',
  ({ inputs: { sortedSequence, values }, attrs: { side }, resident, room, output, stock }) => {
    const [sorted, wanted] = [resident(sortedSequence), resident(values)];
    const [rows, width] = sortedSequence.shape as [number, number];
    if (!(sorted instanceof Int32Array) || !(wanted instanceof Int32Array) || width === 0) return stock();
    const perRow = values.shape[1]!;
    const y = room(values.shape, 'int32');
    const units = unitCount(perRow);
    const { kernels } = engine();
    for (let row = 0; row < rows; row++) {
      const first = sorted[row * width]!;
      const span = sorted[(row + 1) * width - 1]! - first;
      if (!(span <= TABLE * (width + perRow))) return stock();
      const table = room([span + 1], 'int32').byteOffset;
      kernels.beginnings(sorted.byteOffset + row * width * 4, width, first, table);
      const part = row * perRow * 4;
      const [from, to] = [wanted.byteOffset + part, y.byteOffset + part];
      const least = side === 'left' ? first : first - 1;
      engine().run('lookUp', units, table, span, width, from, least, to, perRow, units);
    }
    return output(values.shape, y, 'int32');
  },
);

export const searchSortedKernels: readonly KernelConfig[] = [searchSorted];
