// Sums over the middle axis of x [outer, reduced, inner], float32 or int32, in float64. The reduced axis is cut into parts, each of
// which has a sum of its own; parts are added in their order, so that the bits do not depend on who computed what.
import { cut, unitStart } from './units';

/** Columns that are summed at once. */
const TILE: i32 = 16;
/** Bytes of scratch space for a thread: sums of as many lanes as rows of less than a tile need to come out even. */
const SCRATCH: usize = 240 << 3;

/**
 * Items are (outer, part, slice): a slice is a range of the inner axis. Where there is one part its sums go to y, divided by
 * `divisor`, else undivided to `partials`, float64 [outer, parts, inner].
 */
export function sums(
  x: usize, y: usize, partials: usize, scratch: usize, ints: i32, outer: i32, reduced: i32, inner: i32, parts: i32, slices: i32,
  divisor: f64, units: i32, from: i32, to: i32, thread: i32,
): void {
  if (inner == 1 && parts == 1) {
    if (ints) rowSums<i32>(x, y, outer, reduced, divisor, units, from, to);
    else rowSums<f32>(x, y, outer, reduced, divisor, units, from, to);
    return;
  }
  const items = outer * parts * slices;
  const lanes = scratch + <usize>thread * SCRATCH;
  const target = parts > 1 ? partials : y;
  const last = cut(items, units, to);
  for (let item = cut(items, units, from); item < last; item++) {
    const group = item / slices, slice = item - group * slices;
    const o = group / parts, part = group - o * parts;
    const start = cut(reduced, parts, part), rows = cut(reduced, parts, part + 1) - start;
    const column = unitStart(inner, slices, slice), columns = unitStart(inner, slices, slice + 1) - column;
    const source = x + (<usize>((o * reduced + start) * inner + column) << 2);
    const at = group * inner + column;
    if (ints) block<i32>(source, rows, inner, columns, lanes, target, at, parts, divisor);
    else block<f32>(source, rows, inner, columns, lanes, target, at, parts, divisor);
  }
}

/** y [rows] = Σ of rows of x [rows, width] / divisor. */
function rowSums<T>(x: usize, y: usize, rows: i32, width: i32, divisor: f64, units: i32, from: i32, to: i32): void {
  const bytes = <usize>width << 2;
  const last = cut(rows, units, to);
  let row = cut(rows, units, from);
  x += <usize>row * bytes;
  for (; row < last; row++) {
    put<T>(y, row, 1, width < 8 ? shortSum<T>(x, width, 0) : rowSum<T>(x, width), divisor);
    x += bytes;
  }
}

/** Adds up the parts in their order: y [outer, inner] from partials [outer, parts, inner]. */
export function addParts(partials: usize, y: usize, ints: i32, outer: i32, parts: i32, inner: i32, divisor: f64): void {
  for (let i = 0; i < outer * inner; i++) {
    const o = i / inner;
    const sum = every(partials, (o * parts - o) * inner + i, parts, inner);
    if (ints) put<i32>(y, i, 1, sum, divisor);
    else put<f32>(y, i, 1, sum, divisor);
  }
}

// @ts-ignore: decorator
@inline
function put<T>(target: usize, at: i32, parts: i32, sum: f64, divisor: f64): void {
  if (parts > 1) store<f64>(target + (<usize>at << 3), sum);
  else if (isFloat<T>()) store<f32>(target + (<usize>at << 2), <f32>(sum / divisor));
  else store<i32>(target + (<usize>at << 2), <i32><i64>sum);
}

/** Σ of `count` float64, from element `at` on, `step` elements apart. */
// @ts-ignore: decorator
@inline
function every(source: usize, at: i32, count: i32, step: i32): f64 {
  let sum: f64 = 0;
  let from = source + (<usize>at << 3);
  for (; count > 0; count--) {
    sum += load<f64>(from);
    from += <usize>step << 3;
  }
  return sum;
}

/** Sums of `columns` columns of rows that are `inner` elements apart. */
function block<T>(x: usize, rows: i32, inner: i32, columns: i32, lanes: usize, target: usize, at: i32, parts: i32, divisor: f64): void {
  if (inner == 1) {
    put<T>(target, at, parts, rowSum<T>(x, rows), divisor);
  } else if (inner < TILE) {
    // Several rows as one long one, of whole tiles.
    const together = TILE >> min(ctz(inner), 4);
    const width = together * inner;
    const turns = rows / together;
    for (let c = 0; c < width; c += TILE) tile<T>(x + (<usize>c << 2), turns, width, lanes + (<usize>c << 3));
    for (let c = 0; c < inner; c++) {
      let sum = every(lanes, c, together, inner);
      for (let r = turns * together; r < rows; r++) sum += <f64>load<T>(x + (<usize>(r * inner + c) << 2));
      put<T>(target, at + c, parts, sum, divisor);
    }
  } else {
    for (let c = 0; c < columns; c += TILE) {
      tile<T>(x + (<usize>c << 2), rows, inner, lanes);
      for (let i = min(columns - c, TILE) - 1; i >= 0; i--) put<T>(target, at + c + i, parts, load<f64>(lanes + (<usize>i << 3)), divisor);
    }
  }
}

/** Sums of a tile's columns of rows that are `width` elements apart, as float64. The last tile may go past the end of a row. */
function tile<T>(x: usize, rows: i32, width: i32, to: usize): void {
  const stride = <usize>width << 2;
  let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (; rows > 0; rows--) {
    a = f64x2.add(a, two<T>(x)); b = f64x2.add(b, two<T>(x + 8));
    c = f64x2.add(c, two<T>(x + 16)); d = f64x2.add(d, two<T>(x + 24));
    e = f64x2.add(e, two<T>(x + 32)); f = f64x2.add(f, two<T>(x + 40));
    g = f64x2.add(g, two<T>(x + 48)); h = f64x2.add(h, two<T>(x + 56));
    x += stride;
  }
  v128.store(to, a); v128.store(to, b, 16); v128.store(to, c, 32); v128.store(to, d, 48);
  v128.store(to, e, 64); v128.store(to, f, 80); v128.store(to, g, 96); v128.store(to, h, 112);
}

/** Σ of neighbouring elements, in eight chains. */
function rowSum<T>(x: usize, count: i32): f64 {
  let a = f64x2.splat(0), b = a, c = a, d = a;
  for (const end = x + (<usize>(count & ~7) << 2); x < end; x += 32) {
    a = f64x2.add(a, two<T>(x)); b = f64x2.add(b, two<T>(x + 8));
    c = f64x2.add(c, two<T>(x + 16)); d = f64x2.add(d, two<T>(x + 24));
  }
  const s = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return shortSum<T>(x, count & 7, f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1));
}

// @ts-ignore: decorator
@inline
function shortSum<T>(x: usize, count: i32, sum: f64): f64 {
  for (; count > 0; count--) {
    sum += <f64>load<T>(x);
    x += 4;
  }
  return sum;
}

/** Two elements as float64. */
// @ts-ignore: decorator
@inline
function two<T>(x: usize): v128 {
  return isFloat<T>() ? f64x2.promote_low_f32x4(v128.load64_zero(x)) : f64x2.convert_low_i32x4_s(v128.load64_zero(x));
}
