import { backend_util, type KernelConfig, type TensorInfo, upcastType } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { elementOf, elementwise } from './elementwise.js';

/** condition ? t : e, elementwise with broadcasting; a condition of rank 1 goes by the first axis of the others. */
const select = defineKernel<Record<'condition' | 't' | 'e', TensorInfo>>('Select', (call) => {
  const { condition, t, e } = call.inputs;
  const { assertAndGetBroadcastShape } = backend_util;
  const both = assertAndGetBroadcastShape(t.shape, e.shape);
  const rows = condition.shape.length === 1 && both.length > 1 && condition.shape[0] === both[0];
  const chosen = rows ? { ...condition, shape: [condition.shape[0]!, ...both.slice(1).fill(1)] } : condition;
  const dtype = upcastType(t.dtype, e.dtype);
  const type = elementOf(dtype);
  return elementwise(call, {
    name: 'Select',
    operands: { condition: chosen, t, e },
    types: { condition: 'i32', t: type, e: type },
    code: 'select(e, t, condition != 0)',
    shape: assertAndGetBroadcastShape(both, chosen.shape),
    dtype,
  });
});

export const selectKernels: readonly KernelConfig[] = [select];
