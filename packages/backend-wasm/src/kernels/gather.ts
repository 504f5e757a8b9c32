import { backend_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';

const { collectGatherOpShapeInfo } = backend_util.segment_util;
type GatherTensor = Parameters<typeof collectGatherOpShapeInfo>[0];

/** The slices at the given indices along an axis; batched gathering goes to the stock kernel. */
const gatherV2 = defineKernel<Record<'x' | 'indices', TensorInfo>, { axis: number; batchDims?: number }>(
  'GatherV2',
  (call) => {
    const { inputs, attrs, ints, resident, room, output, stock } = call;
    const { x, indices } = inputs;
    const values = resident(x);
    if (!values || attrs.batchDims) return stock();
    const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const size = x.shape[axis]!;
    const at = ints(indices);
    for (let k = 0; k < at.length; k++) {
      if (at[k]! < 0 || at[k]! >= size) return stock(); // which says what is wrong
    }
    const shapes = collectGatherOpShapeInfo(x as GatherTensor, indices as GatherTensor, axis, 0);
    const { outputShape, outerSize, sliceSize } = shapes;
    const y = room(outputShape, x.dtype);
    if (y.length > 0) {
      const places = [values.byteOffset, at.byteOffset, y.byteOffset] as const;
      const units = Math.min(unitCount(y.length), outerSize * at.length);
      const rowBytes = sliceSize * y.BYTES_PER_ELEMENT;
      engine().run('takeRows', units, ...places, outerSize, size, at.length, rowBytes, units);
    }
    return output(outputShape, y, x.dtype);
  },
);

export const gatherKernels: readonly KernelConfig[] = [gatherV2];
