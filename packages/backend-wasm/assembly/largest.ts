// The largest of each row: its value, and where the first such stands.
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

function rowMaxima<T>(x: usize, y: usize, row: i32, last: i32, width: i32): void {
  for (; row < last; row++) store<T>(y + (<usize>row << 2), largest<T>(x + (<usize>(row * width) << 2), width));
}

/** y [rows], int32: where the first of the largest stands in rows of x [rows, width]. A NaN is never larger. */
export function argMax(x: usize, y: usize, ints: i32, rows: i32, width: i32, units: i32, from: i32, to: i32, thread: i32): void {
  const last = cut(rows, units, to);
  for (let row = cut(rows, units, from); row < last; row++) {
    const start = x + (<usize>(row * width) << 2);
    store<i32>(y + (<usize>row << 2), ints ? whereLargest<i32>(start, width) : whereLargest<f32>(start, width));
  }
}

function whereLargest<T>(x: usize, count: i32): i32 {
  let best = load<T>(x);
  let at = 0;
  for (let i = 1; i < count; i++) {
    const value = load<T>(x + (<usize>i << 2));
    if (value > best) {
      best = value;
      at = i;
    }
  }
  return at;
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
