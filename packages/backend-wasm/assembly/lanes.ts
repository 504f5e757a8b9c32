// Channels-last arrays as rows of lanes: a row is the smallest multiple of the channel count that vectors fill and that is worth a loop,
// so one loop serves every channel count, and what belongs to a channel (a scale, a sum) lies in a table with one entry a lane.
// A group's rows are cut into items; only the last item of a group may end inside a row. Words of the description (see
// src/kernels/lanes.ts):
import { word } from './window';

const GROUP = 0, PARTS = 1, PART = 2, ITEMS = 3, BATCH = 4, ROW = 5;

/** The first item of a unit. */
// @ts-ignore: decorator
@inline
export function itemOf(lanes: usize, unit: i32): i32 {
  return min(unit * word(lanes, BATCH), word(lanes, ITEMS));
}

/** The group that an item is a part of. */
// @ts-ignore: decorator
@inline
export function groupOf(lanes: usize, item: i32): i32 {
  return item / word(lanes, PARTS);
}

/** Byte offset at which an item begins. */
// @ts-ignore: decorator
@inline
export function startOf(lanes: usize, item: i32): usize {
  return <usize>groupOf(lanes, item) * <usize>word(lanes, GROUP) + partOf(lanes, item);
}

/** Bytes of an item. */
// @ts-ignore: decorator
@inline
export function lengthOf(lanes: usize, item: i32): usize {
  return min(<usize>word(lanes, PART), <usize>word(lanes, GROUP) - partOf(lanes, item));
}

/** Bytes of a row of float32. */
// @ts-ignore: decorator
@inline
export function rowOf(lanes: usize): usize {
  return <usize>word(lanes, ROW);
}

// @ts-ignore: decorator
@inline
function partOf(lanes: usize, item: i32): usize {
  return <usize>(item % word(lanes, PARTS)) * <usize>word(lanes, PART);
}

/** All bits of the lanes that the next `bytes` bytes reach. */
// @ts-ignore: decorator
@inline
export function within(bytes: usize): v128 {
  return i32x4.gt_s(i32x4.splat(<i32>bytes), i32x4(0, 4, 8, 12));
}

/** Adds four float32 to the four float64 at `to`. */
// @ts-ignore: decorator
@inline
export function addWide(to: usize, value: v128): void {
  const upper = v128.shuffle<f32>(value, value, 2, 3, 2, 3);
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(value)));
  v128.store(to, f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(upper)), 16);
}
