import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Block, splitBytes } from '../gpu/pool.js';
import type { KernelCall } from '../kernelConfig.js';
import type { Lane } from './lanes.js';

/** Arrays of one size in one buffer: one binding. */
export interface Packed {
  whole: Block;
  parts: Block[];
  /** From the beginning of one to that of the next, in lanes. */
  stride: number;
}

/** Room for `count` arrays of a shape; its parts are released one by one, or adopted by tensors. */
export function packed(
  { backend }: Pick<KernelCall<unknown, unknown>, 'backend'>,
  kernel: string,
  { count, shape, lane }: { count: number; shape: readonly number[]; lane: Lane },
): Packed {
  const bytes = 4 * util.sizeFromShape(shape as number[]);
  const sizes = new Array<number>(count).fill(bytes);
  const whole = backend.take(splitBytes(sizes), { kernel, shape });
  const stride = splitBytes([bytes]) / (lane === 'f32' ? 4 : 16);
  return { whole, parts: backend.pool.split(whole, sizes), stride };
}

/** The same as new tensors. */
export function packedTensors(
  call: Pick<KernelCall<unknown, unknown>, 'backend'>,
  kernel: string,
  layout: { count: number; shape: readonly number[]; lane: Lane },
): Packed & { tensors: TensorInfo[] } {
  const found = packed(call, kernel, layout);
  const tensors = found.parts.map((part) => call.backend.adopt(part, [...layout.shape], 'float32'));
  return { ...found, tensors };
}
