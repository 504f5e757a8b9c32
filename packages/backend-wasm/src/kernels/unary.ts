import { backend_util, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { allocate, type Numbers, numbers } from './typedArrays.js';

type UnaryLoop<Attrs> = (x: Numbers, y: Numbers, attrs: Attrs) => void;

/** An elementwise operation on one tensor, in the tensor's type; strings and complex numbers go to the stock kernel. */
const unary = <Attrs extends object>(name: string, loop: UnaryLoop<Attrs>): KernelConfig =>
  defineKernel<{ x: TensorInfo }, Attrs>(name, ({ inputs: { x }, attrs, backend, stock }) => {
    const xs = numbers(backend, x);
    if (!xs) return stock();
    // The stock Exp alone makes floats of integers.
    const dtype = name === 'Exp' ? 'float32' : x.dtype;
    const y = allocate(dtype, xs.length);
    loop(xs, y, attrs);
    return backend.makeTensorInfo(x.shape, dtype, y);
  });

/** One loop each, so that each is compiled for its own operation. */
const simple: Readonly<Record<string, UnaryLoop<object>>> = {
  Relu(x, y) {
    for (let i = 0; i < y.length; i++) {
      // max(v, 0) without a branch on the sign, which no processor can foresee
      const v = x[i]!;
      y[i] = v === -Infinity ? 0 : (v + Math.abs(v)) * 0.5;
    }
  },
  Neg(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = -x[i]!;
  },
  Square(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = x[i]! * x[i]!;
  },
  Sqrt(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = Math.sqrt(x[i]!);
  },
  Rsqrt(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = 1 / Math.sqrt(x[i]!);
  },
  Reciprocal(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = 1 / x[i]!;
  },
  Exp(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = Math.exp(x[i]!);
  },
  Log(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = Math.log(x[i]!);
  },
  Log1p(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = Math.log1p(x[i]!);
  },
  Floor(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = Math.floor(x[i]!);
  },
  Sigmoid(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
  },
  Tanh(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = Math.tanh(x[i]!);
  },
};

/** 1 above zero, else `alpha`; NaN stays NaN. */
const step: UnaryLoop<{ alpha: number }> = (x, y, { alpha }) => {
  for (let i = 0; i < y.length; i++) {
    const v = x[i]!;
    const above = +(v > 0);
    y[i] = Number.isNaN(v) ? v : above + alpha * (1 - above);
  }
};

const clip: UnaryLoop<{ clipValueMin: number; clipValueMax: number }> = (x, y, { clipValueMin, clipValueMax }) => {
  for (let i = 0; i < y.length; i++) {
    const v = x[i]!;
    y[i] = v > clipValueMax ? clipValueMax : Math.max(v, clipValueMin);
  }
};

const { ERF_P: P, ERF_A1: A1, ERF_A2: A2, ERF_A3: A3, ERF_A4: A4, ERF_A5: A5 } = backend_util;

/** Abramowitz and Stegun 7.1.26 with TensorFlow.js's constants: as the stock kernel, to 1.5e-7. */
const erf: UnaryLoop<object> = (x, y) => {
  for (let i = 0; i < y.length; i++) {
    const v = Math.abs(x[i]!);
    const t = 1 / (1 + P * v);
    const tail = ((((A5 * t + A4) * t + A3) * t + A2) * t + A1) * t * Math.exp(-v * v);
    y[i] = Math.sign(x[i]!) * (1 - tail);
  }
};

/** 1 for false, 0 for true. */
const logicalNot = defineKernel<{ x: TensorInfo }>('LogicalNot', ({ inputs: { x }, backend, stock }) => {
  const xs = numbers(backend, x);
  if (!xs) return stock();
  const y = new Uint8Array(xs.length);
  for (let i = 0; i < y.length; i++) y[i] = xs[i] ? 0 : 1;
  return backend.makeTensorInfo(x.shape, 'bool', y);
});

const abs = defineKernel<{ x: TensorInfo }>('Abs', ({ inputs: { x }, backend, stock }) => {
  const xs = numbers(backend, x);
  if (!(xs instanceof Float32Array)) return stock();
  const y = new Float32Array(xs.length);
  for (let i = 0; i < y.length; i++) y[i] = Math.abs(xs[i]!);
  return backend.makeTensorInfo(x.shape, x.dtype, y);
});

export const unaryKernels: readonly KernelConfig[] = [
  ...Object.entries(simple).map(([name, loop]) => unary(name, loop)),
  unary('Step', step),
  unary('ClipByValue', clip),
  unary('Erf', erf),
  logicalNot,
  abs,
];
