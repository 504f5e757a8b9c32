import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';

/** out[indices[k], :] += values[k, :], from zeros; in the order of k, so that duplicates sum the same way every time. */
const scatterRows = defineKernel<Record<'values' | 'indices', TensorInfo>, { rows: number }>(
  KERNELS.ScatterRows,
  ({ inputs, attrs: { rows }, values, ints, output }) => {
    const width = inputs.values.shape.at(-1)!;
    const from = values(inputs.values);
    const indices = ints(inputs.indices);
    const out = new Float32Array(rows * width);
    for (let k = 0; k < indices.length; k++) {
      const row = indices[k]!;
      if (row < 0 || row >= rows) {
        throw new CrlnError(
          'invalid-data',
          `${KERNELS.ScatterRows}: indices[${k}] is ${row}, expected 0 to ${rows - 1}`,
          {
            index: row,
            rows,
          },
        );
      }
      for (let i = k * width, o = row * width, end = o + width; o < end; i++, o++) out[o]! += from[i]!;
    }
    return output([rows, width], out);
  },
);

export const scatterRowsKernels: readonly KernelConfig[] = [scatterRows];
