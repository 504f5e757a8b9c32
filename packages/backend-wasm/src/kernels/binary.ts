import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';
import { resultShape, viewsOf, writeOut } from './broadcast.js';

/** An operation on two numbers. */
type Operation = (a: number, b: number) => number;

/** In the order of assembly/binary.ts, and for two numbers, as other types than float32 and int32 need it. Results in the type of a. */
const ARITHMETIC: Readonly<Record<string, Operation>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  Maximum: (a, b) => Math.max(a, b),
  Minimum: (a, b) => Math.min(a, b),
  RealDiv: (a, b) => a / b,
  SquaredDifference: (a, b) => (a - b) * (a - b),
};

/** The same with results in bool. */
const COMPARISONS: Readonly<Record<string, Operation>> = {
  Greater: (a, b) => +(a > b),
  GreaterEqual: (a, b) => +(a >= b),
  Less: (a, b) => +(a < b),
  LessEqual: (a, b) => +(a <= b),
  Equal: (a, b) => +(a === b),
  NotEqual: (a, b) => +(a !== b),
};

/** Has no vectors of int32. */
const FLOAT_ONLY = ['RealDiv', 'SquaredDifference'];

/** An elementwise operation of two tensors, with broadcasting; strings and complex numbers go to the stock kernel. */
const binary = ([name, one]: [string, Operation], operation: number): KernelConfig =>
  defineKernel<Record<'a' | 'b', TensorInfo>>(name, (call) => {
    const { inputs, resident, room, output, stock } = call;
    const { a, b } = inputs;
    const [as, bs] = [resident(a), resident(b)];
    if (!as || !bs) return stock();
    const shape = resultShape(a.shape, b.shape);
    const dtype = name in COMPARISONS ? 'bool' : a.dtype;
    const y = room(shape, dtype);
    const ints = as instanceof Int32Array;
    if (a.dtype === b.dtype && (ints ? !FLOAT_ONLY.includes(name) : as instanceof Float32Array)) {
      const units = unitCount(y.length);
      const views = viewsOf(a.shape, b.shape, shape, { kernel: name, shape });
      const places = [as.byteOffset, bs.byteOffset, y.byteOffset, ...views] as const;
      engine().run('binary', units, operation, +ints, ...places, y.length, units);
    } else {
      const [left, right] = [writeOut(call, a, shape), writeOut(call, b, shape)];
      for (let i = 0; i < y.length; i++) y[i] = one(left[i]!, right[i]!);
    }
    return output(shape, y, dtype);
  });

/** Σ of tensors of one shape. */
const addN = defineKernel<Record<number, TensorInfo>>('AddN', ({ inputs, floats, room, output, stock }) => {
  const { shape, dtype } = inputs[0]!;
  if (dtype !== 'float32') return stock();
  const [first, ...rest] = Object.values(inputs).map(floats);
  const y = room(shape);
  if (rest.length === 0) y.set(first!);
  const units = unitCount(y.length);
  let sum = first!.byteOffset;
  for (const term of rest) {
    engine().run('binary', units, 0, 0, sum, term.byteOffset, y.byteOffset, 0, 0, 0, y.length, units);
    sum = y.byteOffset;
  }
  return output(shape, y);
});

export const binaryKernels: readonly KernelConfig[] = [
  ...Object.entries({ ...ARITHMETIC, ...COMPARISONS }).map(binary),
  addN,
];
