import { type DataType, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';

type Call = Pick<KernelCall<unknown, unknown>, 'output' | 'constant' | 'run'>;

const WORKGROUP = 256;
/** Up to this size the values are known to kernels that take them as parameters. */
const KNOWN = 16;

/** Writes start, start + step, start + 2·step, … into a tensor; of a type other than float32 both are cut to whole numbers. */
export function fillWith({ run }: Pick<Call, 'run'>, y: TensorInfo, start: number, step = 0): void {
  const element = elementOf(y.dtype);
  const vector = `vec4<${element}>` as const;
  const program = shader(`sequence ${element}`, () => ({
    outputs: { y: vector },
    params: { count: 'u32', start: element, step: element },
    workgroup: [WORKGROUP],
    body: `
  if (index < p.count) { y[index] = p.start + ${vector}(4 * index + vec4(0, 1, 2, 3)) * p.step; }`,
  }));
  const count = Math.ceil(util.sizeFromShape(y.shape) / 4);
  const params = { count, start: cut(start, y.dtype), step: cut(step, y.dtype) };
  run(program, { y }, params, flatGroups(count, WORKGROUP));
}

const cut = (value: number, dtype: DataType): number => (dtype === 'float32' ? value : Math.trunc(value));

/** The same as a new tensor; where it is small its values are known. */
export function arithmeticSequence(
  { output, constant, run }: Call,
  shape: readonly number[],
  dtype: DataType,
  { start, step = 0 }: { start: number; step?: number },
): TensorInfo {
  const size = util.sizeFromShape(shape as number[]);
  if (size <= KNOWN) {
    const values = Array.from({ length: size }, (_, i) => cut(start, dtype) + i * cut(step, dtype));
    return constant(dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values), shape, dtype);
  }
  const y = output(shape, dtype);
  fillWith({ run }, y, start, step);
  return y;
}

const fill = defineKernel<object, { shape: number[]; value: number; dtype?: DataType }>('Fill', (call) => {
  const { shape, value, dtype = util.inferDtype(value) } = call.attrs;
  return arithmeticSequence(call, shape, dtype, { start: +value });
});

const like = (name: string, value: number): KernelConfig =>
  defineKernel<{ x: TensorInfo }>(name, (call) => {
    const { shape, dtype } = call.inputs.x;
    return arithmeticSequence(call, shape, dtype, { start: value });
  });

interface RangeAttrs {
  start: number;
  stop: number;
  step: number;
  dtype: 'float32' | 'int32';
}

/** start, start + step, … before stop. A step of 1 turns round where stop is below start. */
const range = defineKernel<object, RangeAttrs>('Range', (call) => {
  const { start, stop, step, dtype } = call.attrs;
  const empty = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
  const count = empty ? 0 : Math.abs(Math.ceil((stop - start) / step));
  return arithmeticSequence(call, [count], dtype, { start, step: stop < start && step === 1 ? -1 : step });
});

/** `num` numbers from start to stop, both included. */
const linSpace = defineKernel<object, { start: number; stop: number; num: number }>('LinSpace', (call) => {
  const { start, stop, num } = call.attrs;
  return arithmeticSequence(call, [num], 'float32', { start, step: num > 1 ? (stop - start) / (num - 1) : 0 });
});

export const fillKernels: readonly KernelConfig[] = [fill, like('ZerosLike', 0), like('OnesLike', 1), range, linSpace];
