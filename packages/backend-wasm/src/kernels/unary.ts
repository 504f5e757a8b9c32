import { backend_util, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { unitCount } from '../units.js';

/** An operation on one number, with up to two parameters. */
type Operation = (x: number, p: number, q: number) => number;

/** In the order of assembly/unary.ts, and for one number, as tensors of other types than float32 need it. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  Relu: (x) => Math.max(x, 0),
  Neg: (x) => -x,
  Abs: (x) => Math.abs(x),
  Square: (x) => x * x,
  Sqrt: (x) => Math.sqrt(x),
  Rsqrt: (x) => 1 / Math.sqrt(x),
  Reciprocal: (x) => 1 / x,
  Floor: (x) => Math.floor(x),
  Exp: (x) => Math.exp(x),
  Log: (x) => Math.log(x),
  Log1p: (x) => Math.log1p(x),
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: (x) => Math.tanh(x),
  Erf: erf,
  Step: (x, p) => (x > 0 ? 1 : p),
  ClipByValue: (x, p, q) => (x > q ? q : Math.max(x, p)),
};

interface Attributes {
  alpha?: number;
  clipValueMin?: number;
  clipValueMax?: number;
}

/** An elementwise operation on one tensor, in the tensor's type; strings and complex numbers go to the stock kernel. */
const unary = ([name, one]: [string, Operation], operation: number): KernelConfig =>
  defineKernel<{ x: TensorInfo }, Attributes>(name, ({ inputs: { x }, attrs, resident, room, output, stock }) => {
    const xs = resident(x);
    if (!xs) return stock();
    const { alpha, clipValueMin: p = alpha ?? 0, clipValueMax: q = 0 } = attrs;
    // The stock Exp alone makes floats of integers.
    const dtype = name === 'Exp' ? 'float32' : x.dtype;
    const y = room(x.shape, dtype);
    if (xs instanceof Float32Array) {
      const units = unitCount(y.length);
      engine().run('unary', units, operation, xs.byteOffset, y.byteOffset, p, q, y.length, units);
    } else {
      for (let i = 0; i < y.length; i++) y[i] = one(xs[i]!, p, q);
    }
    return output(x.shape, y, dtype);
  });

/** Abramowitz and Stegun 7.1.26 with TensorFlow.js's constants, to 1.5e-7. */
function erf(x: number): number {
  const { ERF_P: P, ERF_A1: A1, ERF_A2: A2, ERF_A3: A3, ERF_A4: A4, ERF_A5: A5 } = backend_util;
  const t = 1 / (1 + P * Math.abs(x));
  const tail = ((((A5 * t + A4) * t + A3) * t + A2) * t + A1) * t * Math.exp(-x * x);
  return Math.sign(x) * (1 - tail);
}

export const unaryKernels: readonly KernelConfig[] = Object.entries(OPERATIONS).map(unary);
