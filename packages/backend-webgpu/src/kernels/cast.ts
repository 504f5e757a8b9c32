import { CrlnError } from '@crln/core';
import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { elementwise } from './elementwise.js';

/** By what they make of x, which is f32 of float32, else i32. */
const CONVERSIONS: Readonly<Record<string, string>> = {
  'float32 int32': 'wholeOf(x)',
  'float32 bool': 'i32((bitcast<u32>(x) & 0x7fffffffu) != 0)',
  'int32 float32': 'f32(x)',
  'int32 bool': 'i32(x != 0)',
  'bool float32': 'f32(x)',
  'bool int32': 'x',
};

/** As JavaScript converts: towards 0, modulo 2³², and 0 for what has no integer. x is a 24-bit number times 2^exponent. */
const WHOLE = `
fn wholeOf(x: f32) -> i32 {
  let bits = bitcast<u32>(x);
  let exponent = i32((bits >> 23u) & 0xffu) - 150;
  let size = i32(((bits & 0x7fffffu) | 0x800000u) << u32(clamp(exponent, 0, 31)));
  let wrapped = select(select(size, -size, x < 0), 0, exponent > 31);
  return select(wrapped, i32(x), exponent < 8);
}`;

/** Between float32, int32 and bool. */
const cast = defineKernel<{ x: TensorInfo }, { dtype: DataType }>('Cast', (call) => {
  const { x } = call.inputs;
  const { dtype } = call.attrs;
  if (x.dtype === dtype) return call.alias(x, x.shape);
  const conversion = `${x.dtype} ${dtype}`;
  const code = CONVERSIONS[conversion];
  if (!code) {
    throw new CrlnError('invalid-argument', `Cast: expected float32, int32 or bool, got ${x.dtype} to ${dtype}`, {
      from: x.dtype,
      to: dtype,
    });
  }
  return elementwise(call, {
    name: `Cast ${conversion}`,
    operands: { x },
    code,
    declarations: WHOLE,
    shape: x.shape,
    dtype,
  });
});

export const castKernels: readonly KernelConfig[] = [cast];
