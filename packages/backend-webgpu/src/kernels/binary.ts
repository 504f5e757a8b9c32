import { KERNELS } from '@crln/core';
import { backend_util, type DataType, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { elementwise } from './elementwise.js';
import { TRANSCENDENTALS } from './transcendental.js';

/** Two numbers a and b to another, in WGSL. */
interface Operation {
  /** Where one of them is a float. */
  float: string;
  /** Of whole numbers; by default as of floats, cut to a whole number. */
  whole?: string;
  /** Of the result; by default that of a. */
  dtype?: DataType;
  /** What the kernel calls a and b. */
  names?: readonly [string, string];
}

/** Makes a bool by the same WGSL of floats and of whole numbers. */
const truth = (condition: string): Operation => ({
  float: `i32(${condition})`,
  whole: `i32(${condition})`,
  dtype: 'bool',
});

/** Of floats and of whole numbers alike. */
const same = (code: string): Operation => ({ float: code, whole: code });

const OPERATIONS: Readonly<Record<string, Operation>> = {
  Add: same('a + b'),
  Sub: same('a - b'),
  Multiply: same('a * b'),
  RealDiv: { float: 'a / b' },
  FloorDiv: { float: 'select(i32(floorDivided(a, b)), 0, b == 0)', whole: 'wholeFloorDivided(a, b)', dtype: 'int32' },
  Mod: { float: 'modulo(a, b)', whole: 'a - wholeFloorDivided(a, b) * b' },
  Pow: { float: 'powerOf(a, b)', whole: 'wholePowerOf(a, b)' },
  Maximum: { float: 'select(max(a, b), nan(), isNan(a) || isNan(b))', whole: 'max(a, b)' },
  Minimum: { float: 'select(min(a, b), nan(), isNan(a) || isNan(b))', whole: 'min(a, b)' },
  SquaredDifference: same('(a - b) * (a - b)'),
  Greater: truth('a > b'),
  GreaterEqual: truth('a >= b'),
  Less: truth('a < b'),
  LessEqual: truth('a <= b'),
  Equal: truth('a == b'),
  // WGSL's own is false of NaN.
  NotEqual: truth('!(a == b)'),
  LogicalAnd: truth('a != 0 && b != 0'),
  LogicalOr: truth('a != 0 || b != 0'),
  Prelu: { float: 'select(a, b * a, a < 0)', dtype: 'float32', names: ['x', 'alpha'] },
  [KERNELS.GeluGrad]: {
    float: 'a * (0.5 * (erfOf(b * 0.70710678) + 1) + b * 0.39894228 * expOf(-0.5 * b * b))',
    dtype: 'float32',
    names: ['dy', 'x'],
  },
  EluGrad: { float: 'select(a * (b + 1), a, b >= 0)', dtype: 'float32', names: ['dy', 'y'] },
};

/** A quotient that was rounded over a whole number is put right by what it leaves of a. */
const DIVISIONS = `
fn floorDivided(a: f32, b: f32) -> f32 {
  let q = floor(a / b);
  let rest = fma(-q, b, a) * sign(b);
  return q + f32(rest >= abs(b)) - f32(rest < 0);
}
fn modulo(a: f32, b: f32) -> f32 { return select(fma(-floorDivided(a, b), b, a), nan(), b == 0); }
fn wholeFloorDivided(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  return a / b - i32(a % b != 0 && (a < 0) != (b < 0));
}`;

/** An elementwise operation of two tensors, with broadcasting. */
const binary = ([name, operation]: [string, Operation]): KernelConfig =>
  defineKernel<Readonly<Record<string, TensorInfo>>>(name, (call) => {
    const { float, whole, names = ['a', 'b'] } = operation;
    const [a, b] = names.map((operand) => call.inputs[operand]!) as [TensorInfo, TensorInfo];
    const { dtype = a.dtype } = operation;
    const floats = a.dtype === 'float32' || b.dtype === 'float32';
    const exact = !floats && whole !== undefined;
    const cut = dtype !== 'float32' && operation.dtype === undefined;
    const type = exact ? 'i32' : 'f32';
    const shape = util.arraysEqual(a.shape, b.shape)
      ? a.shape
      : backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    return elementwise(call, {
      name: `${name} ${type}`,
      operands: { a, b },
      types: { a: type, b: type },
      code: exact ? whole : cut ? `i32(${float})` : float,
      declarations: /(powerOf|erfOf|expOf)\(/.test(float) ? TRANSCENDENTALS : DIVISIONS,
      shape,
      dtype,
    });
  });

export const binaryKernels: readonly KernelConfig[] = Object.entries(OPERATIONS).map(binary);
