import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';

const WORKGROUP = 256;

/** How many elements of each sorted row [B, N] are below (`left`) or not above (`right`) each value [B, K]: by halving. */
const searchSorted = defineKernel<Record<'sortedSequence' | 'values', TensorInfo>, { side: 'left' | 'right' }>(
  'SearchSorted',
  ({ inputs: { sortedSequence, values }, attrs: { side }, output, run }) => {
    const y = output(values.shape, 'int32');
    const size = util.sizeFromShape(values.shape);
    const types = [elementOf(sortedSequence.dtype), elementOf(values.dtype)] as const;
    const common = types.includes('f32') ? 'f32' : 'i32';
    const program = shader(`searchSorted ${side} ${types}`, () => ({
      inputs: { sorted: types[0], values: types[1] },
      outputs: { y: 'i32' },
      params: { size: 'u32', width: 'u32', perRow: 'u32' },
      workgroup: [WORKGROUP],
      body: `
  if (index >= p.size) { return; }
  let row = index / p.perRow * p.width;
  let value = ${common}(values[index]);
  var low = 0u;
  var high = p.width;
  while (low < high) {
    let middle = (low + high) / 2;
    if (${common}(sorted[row + middle]) ${side === 'left' ? '<' : '<='} value) { low = middle + 1; } else { high = middle; }
  }
  y[index] = i32(low);`,
    }));
    const params = { size, width: sortedSequence.shape[1]!, perRow: values.shape[1]! };
    run(program, { sorted: sortedSequence, values, y }, params, flatGroups(size, WORKGROUP));
    return y;
  },
);

export const searchSortedKernels: readonly KernelConfig[] = [searchSorted];
