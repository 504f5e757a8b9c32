// Copies of boxes: how slicing, padding, concatenating, repeating and broadcasting move elements. A box is walked through axes,
// innermost first, each three words: size, and how many elements one step along it is in the source and in the target.
import { unitStart } from './units';

const AXIS: usize = 12;
/** Bytes above which the engine's own copy is faster than a loop. */
const LONG: usize = 512;

/** Elements of the box from unit `from` to unit `to`, of 4 bytes each or of 1. */
export function copyBox(
  source: usize, target: usize, elementBytes: i32, axes: usize, rank: i32, size: i32, units: i32, from: i32, to: i32, thread: i32,
): void {
  const start = unitStart(size, units, from), end = unitStart(size, units, to);
  if (elementBytes == 4) copyRange<u32>(source, target, axes, rank, start, end);
  else copyRange<u8>(source, target, axes, rank, start, end);
}

/** Elements start … end − 1 of the box, in its order. */
export function copyRange<T>(source: usize, target: usize, axes: usize, rank: i32, start: i32, end: i32): void {
  const columns = load<i32>(axes), fromColumn = load<i32>(axes, 4), toColumn = load<i32>(axes, 8);
  const more = rank > 1;
  const rows = more ? load<i32>(axes, 12) : 1;
  const fromRow = bytes<T>(more ? load<i32>(axes, 16) : 0), toRow = bytes<T>(more ? load<i32>(axes, 20) : 0);
  for (let at = start; at < end; ) {
    let row = at / columns;
    const column = at - row * columns;
    let outer = row / rows;
    row -= outer * rows;
    let x = source + bytes<T>(column * fromColumn) + <usize>row * fromRow;
    let y = target + bytes<T>(column * toColumn) + <usize>row * toRow;
    for (let axis = axes + 2 * AXIS, last = axes + <usize>rank * AXIS; axis < last; axis += AXIS) {
      const next = outer / load<i32>(axis);
      const position = outer - next * load<i32>(axis);
      x += bytes<T>(position * load<i32>(axis, 4));
      y += bytes<T>(position * load<i32>(axis, 8));
      outer = next;
    }
    // The rest of this row, then whole rows, then the beginning of one.
    let count = min(columns - column, end - at);
    copyRow<T>(x, y, count, fromColumn, toColumn);
    at += count;
    x -= bytes<T>(column * fromColumn);
    y -= bytes<T>(column * toColumn);
    for (row++; row < rows && at < end; row++) {
      x += fromRow;
      y += toRow;
      count = min(columns, end - at);
      copyRow<T>(x, y, count, fromColumn, toColumn);
      at += count;
    }
  }
}

// @ts-ignore: decorator
@inline
function bytes<T>(elements: i32): usize {
  return <usize>elements * sizeof<T>();
}

// @ts-ignore: decorator
@inline
function copyRow<T>(x: usize, y: usize, count: i32, fromStep: i32, toStep: i32): void {
  if (toStep == 1 && fromStep == 1) copyBytes(x, y, bytes<T>(count));
  else if (toStep == 1 && fromStep == 0) fill<T>(x, y, count);
  else {
    const fromBytes = bytes<T>(fromStep), toBytes = bytes<T>(toStep);
    for (; count > 0; count--) {
      store<T>(y, load<T>(x));
      x += fromBytes;
      y += toBytes;
    }
  }
}

/** Neighbouring bytes. */
// @ts-ignore: decorator
@inline
export function copyBytes(x: usize, y: usize, count: usize): void {
  if (count >= LONG) {
    memory.copy(y, x, count);
    return;
  }
  const end = y + count;
  for (; y + 16 <= end; y += 16) {
    v128.store(y, v128.load(x));
    x += 16;
  }
  for (; y + 4 <= end; y += 4) {
    store<u32>(y, load<u32>(x));
    x += 4;
  }
  for (; y < end; y++) store<u8>(y, load<u8>(x++));
}

/** One element, `count` times. */
// @ts-ignore: decorator
@inline
function fill<T>(x: usize, y: usize, count: i32): void {
  const value = load<T>(x);
  const four = v128.splat<T>(value);
  const end = y + bytes<T>(count);
  for (; y + 16 <= end; y += 16) v128.store(y, four);
  for (; y < end; y += sizeof<T>()) store<T>(y, value);
}
