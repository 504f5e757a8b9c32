import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Numbers } from '../backend.js';
import { engine } from '../engine.js';
import type { Purpose } from '../heap.js';
import type { KernelCall } from '../kernelConfig.js';
import { copyBox } from './copyBox.js';
import { describe, strides, walk } from './walk.js';

// As in assembly/operand.ts.
const WHOLE = 0;
const SINGLE = 1;
const CHUNK = 1024;
const CHUNK_BYTES = 8192;

/** The shape of the result of two operands. @throws where they do not broadcast, as the stock kernels do */
export const resultShape = (a: number[], b: number[]): number[] =>
  util.arraysEqual(a, b) ? a : backend_util.assertAndGetBroadcastShape(a, b);

/** How a kernel reads operands to make a result: a view of each, and the scratch space that it needs for that. See assembly/operand.ts. */
export function viewsOf(
  a: readonly number[],
  b: readonly number[],
  result: readonly number[],
  purpose: Purpose,
): [a: number, b: number, scratch: number] {
  const [left, right] = [viewOf(a, result, purpose), viewOf(b, result, purpose)];
  const { heap, threads } = engine();
  const scratch = left > SINGLE || right > SINGLE ? heap.take(2 * CHUNK_BYTES * threads, purpose) : 0;
  return [left, right, scratch];
}

/** An operand's elements in the result's shape: its own where that is its shape. */
export function writeOut(
  { resident, room }: Pick<KernelCall<unknown, unknown>, 'resident' | 'room'>,
  operand: TensorInfo,
  result: readonly number[],
): Numbers {
  const values = resident(operand)!;
  if (values.length === util.sizeFromShape(result as number[])) return values;
  const y = room(result, operand.dtype);
  const steps = stepsIn(operand.shape, result);
  copyBox({ at: values.byteOffset, steps }, { at: y.byteOffset, steps: strides(result) }, result, y.BYTES_PER_ELEMENT);
  return y;
}

function viewOf(shape: readonly number[], result: readonly number[], purpose: Purpose): number {
  const size = util.sizeFromShape(shape as number[]);
  if (size === util.sizeFromShape(result as number[])) return WHOLE;
  if (size === 1) return SINGLE;
  const axes = walk(result, stepsIn(shape, result), strides(result));
  // What repeats along the outermost axis alone has a period.
  const outermost = axes.at(-1)!;
  const period = outermost.from === 0 ? outermost.to : 0;
  return describe(axes, purpose, period > CHUNK ? 0 : period, axes.length);
}

/** Elements between neighbours of an operand along the result's axes: 0 where it repeats. */
function stepsIn(shape: readonly number[], result: readonly number[]): number[] {
  const missing = result.length - shape.length;
  const own = strides(shape);
  return result.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : own[i - missing]!));
}
