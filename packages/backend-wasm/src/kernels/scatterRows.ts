import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { rowUnits } from '../units.js';

/** out[indices[k], :] += values[k, :], from zeros; in the order of k, so that duplicates sum the same way every time. */
const scatterRows = defineKernel<Record<'values' | 'indices', TensorInfo>, { rows: number }>(
  KERNELS.ScatterRows,
  (call) => {
    const { inputs, attrs, ints, floats, room, output } = call;
    const { rows } = attrs;
    const width = inputs.values.shape.at(-1)!;
    const indices = ints(inputs.indices);
    for (let k = 0; k < indices.length; k++) {
      const row = indices[k]!;
      if (row >= 0 && row < rows) continue;
      throw new CrlnError(
        'invalid-data',
        `${KERNELS.ScatterRows}: indices[${k}] is ${row}, expected 0 to ${rows - 1}`,
        { index: row, rows },
      );
    }
    const out = room([rows, width]);
    // Every unit reads all indices: only where these are few next to the result may there be many units.
    const shared = indices.length * 8 < rows * width ? rowUnits(rows, width) : { rows, units: 1 };
    const places = [floats(inputs.values).byteOffset, indices.byteOffset] as const;
    engine().run('scatterRows', shared.units, ...places, out.byteOffset, indices.length, rows, width, shared.rows);
    return output([rows, width], out);
  },
);

export const scatterRowsKernels: readonly KernelConfig[] = [scatterRows];
