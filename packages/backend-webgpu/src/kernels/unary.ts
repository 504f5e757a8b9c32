import { KERNELS } from '@crln/core';
import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { elementwise } from './elementwise.js';
import { TRANSCENDENTALS } from './transcendental.js';

/** One number x to another, in WGSL. */
interface Operation {
  /** Of a float32 tensor. */
  float: string;
  /** Of another; by default the same, cut to a whole number. */
  whole?: string;
  /** Of the result; by default the tensor's. */
  dtype?: DataType;
  /** The attributes that the code has as parameters. */
  attributes?: readonly string[];
}

const ALWAYS = { whole: '1', dtype: 'bool' } as const;
const NEVER = { whole: '0', dtype: 'bool' } as const;
/** What a whole number is already. */
const WHOLE = { whole: 'x' };
const BITS = '(bitcast<u32>(x) & 0x7fffffffu)';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  Relu: { float: 'select(max(x, 0), x, isNan(x))', whole: 'max(x, 0)' },
  Relu6: { float: 'select(clamp(x, 0, 6), x, isNan(x))', whole: 'clamp(x, 0, 6)' },
  LeakyRelu: { float: 'select(x, p.alpha * x, x < 0)', dtype: 'float32', attributes: ['alpha'] },
  Elu: { float: 'select(x, expm1Of(x), x < 0)' },
  Selu: { float: '1.05070098735548 * select(x, 1.67326324235437728 * expm1Of(x), x < 0)' },
  Neg: { float: '-x', whole: '-x' },
  Abs: { float: 'abs(x)', whole: 'abs(x)' },
  Sign: { float: 'f32(x > 0) - f32(x < 0)', whole: 'sign(x)' },
  Square: { float: 'x * x', whole: 'x * x' },
  Sqrt: { float: 'sqrt(x)' },
  Rsqrt: { float: 'inverseSqrt(x)' },
  Reciprocal: { float: '1 / x' },
  Floor: { float: 'floor(x)', ...WHOLE },
  Ceil: { float: 'ceil(x)', ...WHOLE },
  // To the even neighbour from halfway.
  Round: { float: 'round(x)', ...WHOLE },
  Exp: { float: 'expOf(x)', dtype: 'float32' },
  Expm1: { float: 'expm1Of(x)' },
  Log: { float: 'logOf(x)' },
  Log1p: { float: 'log1pOf(x)' },
  Sigmoid: { float: 'sigmoidOf(x)' },
  Softplus: { float: 'softplusOf(x)' },
  Tanh: { float: 'tanhOf(x)' },
  Erf: { float: 'erfOf(x)' },
  [KERNELS.Gelu]: { float: '(0.5 * x) * (erfOf(x * 0.70710678) + 1)' },
  Sin: { float: 'sinOf(x, 0)' },
  Cos: { float: 'sinOf(x, 1)' },
  Step: { float: 'select(select(p.alpha, 1, x > 0), x, isNan(x))', attributes: ['alpha'] },
  ClipByValue: {
    float: 'select(select(x, p.clipValueMin, x < p.clipValueMin), p.clipValueMax, x > p.clipValueMax)',
    whole:
      'select(select(x, i32(p.clipValueMin), f32(x) < p.clipValueMin), i32(p.clipValueMax), f32(x) > p.clipValueMax)',
    attributes: ['clipValueMin', 'clipValueMax'],
  },
  LogicalNot: { float: 'i32(x == 0)', whole: 'i32(x == 0)', dtype: 'bool' },
  IsNan: { float: 'i32(isNan(x))', ...NEVER },
  IsInf: { float: `i32(${BITS} == 0x7f800000u)`, ...NEVER },
  IsFinite: { float: `i32(${BITS} < 0x7f800000u)`, ...ALWAYS },
};

const unary = ([name, operation]: [string, Operation]): KernelConfig =>
  defineKernel<{ x: TensorInfo }, Readonly<Record<string, number>>>(name, (call) => {
    const { x } = call.inputs;
    const { float, whole, dtype = x.dtype, attributes = [] } = operation;
    const exact = x.dtype !== 'float32' && whole !== undefined;
    const cut = x.dtype !== 'float32' && dtype !== 'float32';
    return elementwise(call, {
      name,
      operands: { x },
      types: { x: x.dtype === 'float32' || !exact ? 'f32' : 'i32' },
      code: exact ? whole : cut ? `i32(${float})` : float,
      declarations: /Of\(/.test(float) ? TRANSCENDENTALS : '',
      params: Object.fromEntries(attributes.map((attribute) => [attribute, ['f32', call.attrs[attribute]!]])),
      shape: x.shape,
      dtype,
    });
  });

export const unaryKernels: readonly KernelConfig[] = Object.entries(OPERATIONS).map(unary);
