import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { unitCount } from '../units.js';

/** In the order of assembly/cast.ts. */
const CONVERSIONS = ['bool float32', 'bool int32', 'int32 float32', 'float32 int32', 'int32 bool', 'float32 bool'];

/**
 * Between float32, int32 (rounding towards zero) and bool (is not zero). Unlike the stock kernel, a cast to float32 makes a
 * Float32Array, not a tensor that is float32 in name: the kernels that follow need no copy.
 */
const cast = defineKernel<{ x: TensorInfo }, { dtype: DataType }>('Cast', (call) => {
  const { x } = call.inputs;
  const { dtype } = call.attrs;
  const y = converted(call, x, dtype);
  return y ? call.output(x.shape, y, dtype) : call.stock();
});

/** The tensor's elements as another type; nothing where there is no such conversion. */
function converted(
  { resident, room }: Pick<KernelCall<unknown, unknown>, 'resident' | 'room'>,
  x: TensorInfo,
  dtype: DataType,
): ReturnType<typeof resident> {
  const conversion = CONVERSIONS.indexOf(`${x.dtype} ${dtype}`);
  const values = conversion < 0 ? undefined : resident(x);
  if (!values) return undefined;
  const y = room(x.shape, dtype);
  const units = unitCount(y.length);
  engine().run('cast', units, conversion, values.byteOffset, y.byteOffset, y.length, units);
  return y;
}

/** What sums and comparisons are made of: a tensor's floats or integers, of a bool tensor its bits as integers. */
export type Summable = Float32Array | Int32Array;

export function summable(
  call: Pick<KernelCall<unknown, unknown>, 'resident' | 'room'>,
  x: TensorInfo,
): Summable | undefined {
  return (x.dtype === 'bool' ? converted(call, x, 'int32') : call.resident(x)) as Summable | undefined;
}

export const castKernels: readonly KernelConfig[] = [cast];
