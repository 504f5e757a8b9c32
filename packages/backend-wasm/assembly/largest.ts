// The largest of each row: its value, and where the first such stands.
import { loadRows } from './classes';
import { storeLanes } from './simd';
import { cut } from './units';

/** y [rows, parts] = the largest of each part of rows of x [rows, width]; NaN where one is. */
export function maxima(x: usize, y: usize, ints: i32, rows: i32, width: i32, parts: i32, units: i32, from: i32, to: i32, thread: i32): void {
  if (parts == 1) {
    if (ints) rowMaxima<i32>(x, y, cut(rows, units, from), cut(rows, units, to), width);
    else rowMaxima<f32>(x, y, cut(rows, units, from), cut(rows, units, to), width);
    return;
  }
  const items = rows * parts;
  const last = cut(items, units, to);
  for (let item = cut(items, units, from); item < last; item++) {
    const row = item / parts, part = item - row * parts;
    const start = cut(width, parts, part);
    const from = x + (<usize>(row * width + start) << 2), count = cut(width, parts, part + 1) - start;
    if (ints) store<i32>(y + (<usize>item << 2), largest<i32>(from, count));
    else store<f32>(y + (<usize>item << 2), largest<f32>(from, count));
  }
}

/** Rows of less are taken four at a time, a lane each. */
const NARROW: i32 = 16;

function rowMaxima<T>(x: usize, y: usize, row: i32, last: i32, width: i32): void {
  const bytes = <usize>width << 2;
  if (width < NARROW) {
    for (; row + 4 <= last; row += 4) {
      const first = x + <usize>row * bytes;
      let best = fourRows(first, bytes);
      for (let c: usize = 4; c < bytes; c += 4) best = v128.max<T>(best, fourRows(first + c, bytes));
      v128.store(y + (<usize>row << 2), best);
    }
  }
  for (; row < last; row++) store<T>(y + (<usize>row << 2), largest<T>(x + <usize>row * bytes, width));
}

/** y [rows], int32: where the first of the largest stands in rows of x [rows, width]. A NaN is never larger. */
export function argMax(x: usize, y: usize, ints: i32, rows: i32, width: i32, units: i32, from: i32, to: i32, thread: i32): void {
  if (ints) rowArgMax<i32>(x, y, cut(rows, units, from), cut(rows, units, to), <usize>width << 2);
  else rowArgMax<f32>(x, y, cut(rows, units, from), cut(rows, units, to), <usize>width << 2);
}

/** Four rows at a time; of those left over some more than once. */
function rowArgMax<T>(x: usize, y: usize, row: i32, last: i32, bytes: usize): void {
  for (; row < last; row += 4) {
    const first = x + <usize>row * bytes;
    const second = row + 1 < last ? bytes : 0, third = row + 2 < last ? bytes * 2 : 0, fourth = row + 3 < last ? bytes * 3 : 0;
    let best = loadRows(first, first + second, first + third, first + fourth);
    let at = i32x4.splat(0);
    for (let c: usize = 4; c < bytes; c += 4) {
      const place = first + c;
      const value = loadRows(place, place + second, place + third, place + fourth);
      const more = v128.gt<T>(value, best);
      best = v128.bitselect(value, best, more);
      at = v128.bitselect(i32x4.splat(<i32>(c >> 2)), at, more);
    }
    storeLanes(y + (<usize>row << 2), at, last - row);
  }
}

/** One element of each of four rows. */
// @ts-ignore: decorator
@inline
export function fourRows(at: usize, bytes: usize): v128 {
  return loadRows(at, at + bytes, at + bytes * 2, at + bytes * 3);
}

/** The largest of neighbouring elements, at least one. */
export function largest<T>(x: usize, count: i32): T {
  let y = load<T>(x);
  if (count >= 16) {
    let a = v128.load(x), b = a, c = a, d = a;
    for (const end = x + (<usize>(count & ~15) << 2); x < end; x += 64) {
      a = v128.max<T>(a, v128.load(x)); b = v128.max<T>(b, v128.load(x, 16));
      c = v128.max<T>(c, v128.load(x, 32)); d = v128.max<T>(d, v128.load(x, 48));
    }
    a = v128.max<T>(v128.max<T>(a, b), v128.max<T>(c, d));
    y = max(max(v128.extract_lane<T>(a, 0), v128.extract_lane<T>(a, 1)), max(v128.extract_lane<T>(a, 2), v128.extract_lane<T>(a, 3)));
  }
  for (count &= 15; count > 0; count--) {
    y = max(y, load<T>(x));
    x += 4;
  }
  return y;
}
