import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';
import { resultShape, writeOut } from './broadcast.js';

/** In the order of assembly/logical.ts. */
const OPERATIONS = ['LogicalAnd', 'LogicalOr', 'LogicalNot'];

/** Logic of bool tensors, with broadcasting; others go to the stock kernel. */
const logical = (name: string, operation: number): KernelConfig =>
  defineKernel<Record<'a' | 'b' | 'x', TensorInfo>>(name, (call) => {
    const { inputs, room, output, stock } = call;
    const { a = inputs.x, b = a } = inputs;
    if (a.dtype !== 'bool' || b.dtype !== 'bool') return stock();
    const shape = resultShape(a.shape, b.shape);
    const [as, bs] = [writeOut(call, a, shape), writeOut(call, b, shape)];
    const y = room(shape, 'bool');
    const units = unitCount(y.length);
    engine().run('logical', units, operation, as.byteOffset, bs.byteOffset, y.byteOffset, y.length, units);
    return output(shape, y, 'bool');
  });

export const logicalKernels: readonly KernelConfig[] = OPERATIONS.map(logical);
