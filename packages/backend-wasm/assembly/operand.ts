// Operands that repeat along some axes of the result. An elementwise kernel works in chunks, each of which it reads as neighbouring
// elements: the operand's own where they are neighbours, else a copy in the thread's scratch space.
//
// A view describes an operand: the length after which it repeats itself (0: too long for a chunk), rank, and axes as copyBox has
// them. View WHOLE is an operand of the result's shape, view SINGLE one number.
import { copyRange } from './copy';

// @ts-ignore: decorator
@inline
export const CHUNK: i32 = 1024;
/** Bytes of scratch space for an operand: a period and a chunk. */
// @ts-ignore: decorator
@inline
export const CHUNK_BYTES: usize = 8192;
// @ts-ignore: decorator
@inline
export const WHOLE: usize = 0;
// @ts-ignore: decorator
@inline
export const SINGLE: usize = 1;

const PERIOD: usize = 0, RANK: usize = 4, AXES: usize = 8;
/** Where single numbers stand four times. The threads share it: all write the same. */
const singles = memory.data(32, 16);

/** Makes ready to read chunks of the operand numbered `which`, of a result of `size` elements. */
export function prepare(operand: usize, view: usize, which: usize, size: i32, scratch: usize): void {
  if (view == WHOLE) return;
  if (view == SINGLE) {
    v128.store(singles + (which << 4), v128.load32_splat(operand));
    return;
  }
  const period = load<i32>(view, PERIOD);
  if (period) copyRange<u32>(operand, scratch, view + AXES, load<i32>(view, RANK), 0, min(period + CHUNK, size));
}

/** Where elements start … start + count − 1 of the operand stand side by side; of a single number, four of it. */
export function chunk(operand: usize, view: usize, which: usize, start: i32, count: i32, scratch: usize): usize {
  if (view == WHOLE) return operand + (<usize>start << 2);
  if (view == SINGLE) return singles + (which << 4);
  const period = load<i32>(view, PERIOD);
  if (period) return scratch + (<usize>(start % period) << 2);
  copyRange<u32>(operand, scratch - (<usize>start << 2), view + AXES, load<i32>(view, RANK), start, start + count);
  return scratch;
}
