import { type KernelConfig, type TensorInfo, upcastType } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';

/** condition ? t : e, elementwise for three tensors of one shape; a condition of another shape goes to the stock kernel. */
const select = defineKernel<Record<'condition' | 't' | 'e', TensorInfo>>(
  'Select',
  ({ inputs: { condition, t, e }, resident, room, output, stock }) => {
    const [cs, ts, es] = [resident(condition), resident(t), resident(e)];
    if (!cs || !ts || !es || cs.length !== ts.length || es.length !== ts.length) return stock();
    const dtype = upcastType(t.dtype, e.dtype);
    const y = room(t.shape, dtype);
    if (condition.dtype === 'bool' && t.dtype === e.dtype && dtype !== 'bool') {
      const units = unitCount(y.length);
      engine().run('select', units, cs.byteOffset, ts.byteOffset, es.byteOffset, y.byteOffset, y.length, units);
    } else {
      for (let i = 0; i < y.length; i++) y[i] = cs[i] === 1 ? ts[i]! : es[i]!;
    }
    return output(t.shape, y, dtype);
  },
);

export const selectKernels: readonly KernelConfig[] = [select];
