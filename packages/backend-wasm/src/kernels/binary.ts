import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { alike, arithmetic, comparison } from './binaryLoops.js';
import { eachBlock, planBroadcast } from './broadcast.js';
import { allocate, numbers, sizeOf } from './typedArrays.js';

/** An elementwise operation of two tensors, with broadcasting; strings and complex numbers go to the stock kernel. */
const binary = (name: string, loop: (typeof arithmetic)[string], resultType?: DataType): KernelConfig =>
  defineKernel<Record<'a' | 'b', TensorInfo>>(name, ({ inputs: { a, b }, backend, stock }) => {
    const as = numbers(backend, a);
    const bs = numbers(backend, b);
    if (!as || !bs) return stock();
    const plan = planBroadcast(a.shape, b.shape);
    const dtype = resultType ?? a.dtype;
    const y = allocate(dtype, sizeOf(plan.shape));
    const { rows, columns } = plan;
    const contiguous = plan.outer.length === 0 && rows.size === 1 && columns.a === 1 && columns.b === 1;
    if (contiguous && name in alike) alike[name]!(as, bs, y);
    else if (plan.outer.length === 0) loop(as, 0, bs, 0, y, 0, rows, columns);
    else eachBlock(plan, (i, j, at) => loop(as, i, bs, j, y, at, rows, columns));
    return backend.makeTensorInfo(plan.shape, dtype, y);
  });

/** Σ of tensors of one shape. */
const addN = defineKernel<Record<number, TensorInfo>>('AddN', ({ inputs, backend, stock }) => {
  const tensors = Object.values(inputs);
  const first = tensors[0]!;
  const terms = tensors.map((tensor) => numbers(backend, tensor));
  if (first.dtype !== 'float32' || !terms.every((term) => term instanceof Float32Array)) return stock();
  const y = terms[0]!.slice() as Float32Array;
  for (const term of terms.slice(1)) accumulate(y, term);
  return backend.makeTensorInfo(first.shape, 'float32', y);
});

function accumulate(y: Float32Array, x: Float32Array): void {
  for (let i = 0; i < y.length; i++) y[i]! += x[i]!;
}

export const binaryKernels: readonly KernelConfig[] = [
  ...Object.entries(arithmetic).map(([name, loop]) => binary(name, loop)),
  ...Object.entries(comparison).map(([name, loop]) => binary(name, loop, 'bool')),
  addN,
];
