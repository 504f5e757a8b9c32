// Normalisation forward: sums over a channel's values and their squares, and y = (x − mean)·scale + shift.
import { addWide, groupOf, itemOf, lengthOf, rowOf, startOf, within } from './lanes';
import { madd, storeLanes } from './simd';

/**
 * Σ (x − centre) and Σ (x − centre)² of every lane, for each item.
 * @param centres [groups][lanes] float32, near the means: nothing cancels then
 * @param sums [items][2][lanes] float64
 */
export function moments(x: usize, centres: usize, sums: usize, lanes: usize, from: i32, to: i32, thread: i32): void {
  const row = rowOf(lanes), last = itemOf(lanes, to);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const centre = centres + <usize>groupOf(lanes, item) * row;
    const sum = sums + <usize>item * row * 4, square = sum + row * 2;
    memory.fill(sum, 0, row * 4);
    let at = x + startOf(lanes, item);
    const end = at + lengthOf(lanes, item);
    for (; at + 4 * row <= end; at += 4 * row) {
      const at1 = at + row, at2 = at1 + row, at3 = at2 + row;
      for (let c: usize = 0; c < row; c += 16) {
        const m = v128.load(centre + c);
        const d0 = f32x4.sub(v128.load(at + c), m), d1 = f32x4.sub(v128.load(at1 + c), m);
        const d2 = f32x4.sub(v128.load(at2 + c), m), d3 = f32x4.sub(v128.load(at3 + c), m);
        addWide(sum + 2 * c, f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3)));
        addWide(square + 2 * c, f32x4.add(madd(d0, d0, f32x4.mul(d1, d1)), madd(d2, d2, f32x4.mul(d3, d3))));
      }
    }
    for (; at < end; at += row) {
      const left = min(row, end - at);
      for (let c: usize = 0; c < left; c += 16) {
        const d = v128.and(f32x4.sub(v128.load(at + c), v128.load(centre + c)), within(left - c));
        addWide(sum + 2 * c, d);
        addWide(square + 2 * c, f32x4.mul(d, d));
      }
    }
  }
}

/**
 * y = max((x − mean)·scale + shift, least).
 * @param tables [groups][mean, scale, shift][lanes] float32
 * @param least 0 for a ReLU, −∞ for none; NaN stays NaN
 */
export function normalise(x: usize, y: usize, tables: usize, least: f32, lanes: usize, from: i32, to: i32, thread: i32): void {
  const row = rowOf(lanes), last = itemOf(lanes, to), floor = f32x4.splat(least);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const table = tables + <usize>groupOf(lanes, item) * row * 3;
    let at = x + startOf(lanes, item), out = y + startOf(lanes, item);
    const end = at + lengthOf(lanes, item);
    for (; at < end; at += row, out += row) {
      const left = min(row, end - at), whole = left & ~15;
      for (let c: usize = 0; c < whole; c += 16) v128.store(out + c, affine(at + c, table + c, row, floor));
      if (whole < left) storeLanes(out + whole, affine(at + whole, table + whole, row, floor), <i32>((left - whole) >> 2));
    }
  }
}

// @ts-ignore: decorator
@inline
function affine(x: usize, table: usize, row: usize, floor: v128): v128 {
  const d = f32x4.sub(v128.load(x), v128.load(table));
  return f32x4.pmax(madd(d, v128.load(table + row), v128.load(table + 2 * row)), floor);
}
