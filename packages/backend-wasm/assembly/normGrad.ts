// Normalisation backward: sums of a channel's gradients, and the input's gradient. Everywhere g is dy where the ReLU let through. That is
// where (x − mean)·scale + shift, computed again as in the forward pass, is above `least` (−∞ for no ReLU): y need not be kept for it.
import { addWide, groupOf, itemOf, lengthOf, rowOf, startOf, within } from './lanes';
import { madd, storeLanes } from './simd';

/** Bytes of a row up to which two rows are added at a time: more streams far apart outrun the prefetcher. */
const NARROW: usize = 384;

/**
 * Σ g and Σ g·(x − mean) of every lane, for each item.
 * @param tables [groups][mean, scale, shift][lanes] float32
 * @param sums [items][2][lanes] float64
 */
export function gradientSums(
  dy: usize, x: usize, tables: usize, least: f32, sums: usize, lanes: usize, from: i32, to: i32, thread: i32,
): void {
  const row = rowOf(lanes), last = itemOf(lanes, to), floor = f32x4.splat(least);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const mean = tables + <usize>groupOf(lanes, item) * row * 3;
    const sum = sums + <usize>item * row * 4, product = sum + row * 2;
    memory.fill(sum, 0, row * 4);
    const start = startOf(lanes, item), end = dy + start + lengthOf(lanes, item);
    let at = dy + start, source = x + start;
    for (; row <= NARROW && at + 2 * row <= end; at += 2 * row, source += 2 * row) {
      const at1 = at + row, source1 = source + row;
      for (let c: usize = 0; c < row; c += 16) {
        const m = v128.load(mean + c);
        const d0 = f32x4.sub(v128.load(source + c), m), d1 = f32x4.sub(v128.load(source1 + c), m);
        const g0 = through(v128.load(at + c), d0, mean + row + c, row, floor);
        const g1 = through(v128.load(at1 + c), d1, mean + row + c, row, floor);
        addWide(sum + 2 * c, f32x4.add(g0, g1));
        addWide(product + 2 * c, madd(g0, d0, f32x4.mul(g1, d1)));
      }
    }
    for (; at < end; at += row, source += row) {
      const left = min(row, end - at);
      for (let c: usize = 0; c < left; c += 16) {
        const inside = within(left - c);
        const d = v128.and(f32x4.sub(v128.load(source + c), v128.load(mean + c)), inside);
        const g = v128.and(through(v128.load(at + c), d, mean + row + c, row, floor), inside);
        addWide(sum + 2 * c, g);
        addWide(product + 2 * c, f32x4.mul(g, d));
      }
    }
  }
}

/**
 * dx = (g − mean(g) − (x − mean)·slope)·scale: what belongs to a voxel comes first, so that a group of one voxel has exactly 0.
 * @param tables [groups][mean, mean(g), slope, scale, shift][lanes] float32
 */
export function gradientMix(
  dy: usize, x: usize, dx: usize, tables: usize, least: f32, lanes: usize, from: i32, to: i32, thread: i32,
): void {
  const row = rowOf(lanes), last = itemOf(lanes, to), floor = f32x4.splat(least);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const table = tables + <usize>groupOf(lanes, item) * row * 5;
    const start = startOf(lanes, item), end = dy + start + lengthOf(lanes, item);
    let at = dy + start, source = x + start, out = dx + start;
    for (; at < end; at += row, source += row, out += row) {
      const left = min(row, end - at), whole = left & ~15;
      for (let c: usize = 0; c < whole; c += 16) v128.store(out + c, mix(at + c, source + c, table + c, row, floor));
      if (whole < left) {
        const value = mix(at + whole, source + whole, table + whole, row, floor);
        storeLanes(out + whole, value, <i32>((left - whole) >> 2));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function mix(dy: usize, x: usize, table: usize, row: usize, floor: v128): v128 {
  const d = f32x4.sub(v128.load(x), v128.load(table));
  const g = through(v128.load(dy), d, table + 3 * row, row, floor);
  const rest = f32x4.sub(f32x4.sub(g, v128.load(table + row)), f32x4.mul(d, v128.load(table + 2 * row)));
  return f32x4.mul(rest, v128.load(table + 3 * row));
}

/** dy·[d·scale + shift > floor or NaN]: as a product, so that a NaN in dy shows wherever it is. The shift lies a row after the scale. */
// @ts-ignore: decorator
@inline
function through(dy: v128, d: v128, scale: usize, row: usize, floor: v128): v128 {
  const y = madd(d, v128.load(scale), v128.load(scale + row));
  return f32x4.mul(dy, v128.andnot(f32x4.splat(1), f32x4.le(y, floor)));
}
