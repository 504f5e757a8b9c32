// Where values belong in a sorted row of integers, by a table of where each integer begins.
import { cut } from './units';

/** table[k], k = 0 … span: how many of the `width` sorted numbers are below first + k. */
export function beginnings(sorted: usize, width: i32, first: i32, table: usize): void {
  let at = table;
  for (let i = 0; i < width; i++) {
    const end = table + (<usize>(load<i32>(sorted + (<usize>i << 2)) - first + 1) << 2);
    for (; at < end; at += 4) store<i32>(at, i);
  }
}

/** y = how many of the sorted numbers are below value − first, for `count` values. */
export function lookUp(
  table: usize, span: i32, width: i32, values: usize, first: i32, y: usize, count: i32, units: i32, from: i32, to: i32, thread: i32,
): void {
  const end = <usize>cut(count, units, to) << 2;
  for (let at = <usize>cut(count, units, from) << 2; at < end; at += 4) {
    const k = <i64>load<i32>(values + at) - first;
    store<i32>(y + at, k < 0 ? 0 : k > span ? width : load<i32>(table + (<usize>k << 2)));
  }
}
