// Rows picked by number.
import { copyBytes } from './copy';
import { cut } from './units';

/**
 * y [outer, count] = x [outer, size] at the indices [count] of rows of `rowBytes` bytes; items are the rows of y.
 */
export function takeRows(
  x: usize, indices: usize, y: usize, outer: i32, size: i32, count: i32, rowBytes: i32, units: i32, from: i32, to: i32, thread: i32,
): void {
  const last = cut(outer * count, units, to);
  let item = cut(outer * count, units, from);
  let o = item / count;
  let k = item - o * count;
  let target = y + <usize>item * <usize>rowBytes;
  for (; item < last; item++) {
    const row = o * size + load<i32>(indices + (<usize>k << 2));
    copyBytes(x + <usize>row * <usize>rowBytes, target, <usize>rowBytes);
    target += <usize>rowBytes;
    if (++k == count) {
      k = 0;
      o++;
    }
  }
}
