// Normalisation backward: sums of a channel's gradients, and the input's gradient. Everywhere g is dy where the ReLU let through, that is
// where y is not 0; without a ReLU `y` is dy itself, which masks nothing.
import { addWide, groupOf, itemOf, lengthOf, rowOf, startOf, within } from './lanes';
import { madd, storeLanes } from './simd';

/** Bytes of a row up to which two rows are added at a time: six streams far apart outrun the prefetcher. */
const NARROW: usize = 384;

/**
 * Σ g and Σ g·(x − mean) of every lane, for each item.
 * @param means [groups][lanes] float32
 * @param sums [items][2][lanes] float64
 */
export function gradientSums(
  dy: usize, x: usize, y: usize, means: usize, sums: usize, lanes: usize, from: i32, to: i32, thread: i32,
): void {
  const row = rowOf(lanes), last = itemOf(lanes, to);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const mean = means + <usize>groupOf(lanes, item) * row;
    const sum = sums + <usize>item * row * 4, product = sum + row * 2;
    memory.fill(sum, 0, row * 4);
    const start = startOf(lanes, item), end = dy + start + lengthOf(lanes, item);
    let at = dy + start, source = x + start, result = y + start;
    for (; row <= NARROW && at + 2 * row <= end; at += 2 * row, source += 2 * row, result += 2 * row) {
      const at1 = at + row, source1 = source + row, result1 = result + row;
      for (let c: usize = 0; c < row; c += 16) {
        const m = v128.load(mean + c);
        const g0 = through(v128.load(at + c), v128.load(result + c)), g1 = through(v128.load(at1 + c), v128.load(result1 + c));
        const d0 = f32x4.sub(v128.load(source + c), m), d1 = f32x4.sub(v128.load(source1 + c), m);
        addWide(sum + 2 * c, f32x4.add(g0, g1));
        addWide(product + 2 * c, madd(g0, d0, f32x4.mul(g1, d1)));
      }
    }
    for (; at < end; at += row, source += row, result += row) {
      const left = min(row, end - at);
      for (let c: usize = 0; c < left; c += 16) {
        const inside = within(left - c);
        const g = v128.and(through(v128.load(at + c), v128.load(result + c)), inside);
        const d = v128.and(f32x4.sub(v128.load(source + c), v128.load(mean + c)), inside);
        addWide(sum + 2 * c, g);
        addWide(product + 2 * c, f32x4.mul(g, d));
      }
    }
  }
}

/**
 * dx = (g − mean(g) − (x − mean)·slope)·scale: what belongs to a voxel comes first, so that a group of one voxel has exactly 0.
 * @param tables [groups][mean, mean(g), slope, scale][lanes] float32
 */
export function gradientMix(
  dy: usize, x: usize, y: usize, dx: usize, tables: usize, lanes: usize, from: i32, to: i32, thread: i32,
): void {
  const row = rowOf(lanes), last = itemOf(lanes, to);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const table = tables + <usize>groupOf(lanes, item) * row * 4;
    const start = startOf(lanes, item), end = dy + start + lengthOf(lanes, item);
    let at = dy + start, source = x + start, result = y + start, out = dx + start;
    for (; at < end; at += row, source += row, result += row, out += row) {
      const left = min(row, end - at), whole = left & ~15;
      for (let c: usize = 0; c < whole; c += 16) v128.store(out + c, mix(at + c, source + c, result + c, table + c, row));
      if (whole < left) {
        const value = mix(at + whole, source + whole, result + whole, table + whole, row);
        storeLanes(out + whole, value, <i32>((left - whole) >> 2));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function mix(dy: usize, x: usize, y: usize, table: usize, row: usize): v128 {
  const g = through(v128.load(dy), v128.load(y)), d = f32x4.sub(v128.load(x), v128.load(table));
  const rest = f32x4.sub(f32x4.sub(g, v128.load(table + row)), f32x4.mul(d, v128.load(table + 2 * row)));
  return f32x4.mul(rest, v128.load(table + 3 * row));
}

/** dy·[y ≠ 0]: as a product, so that a NaN in dy shows wherever it is. */
// @ts-ignore: decorator
@inline
export function through(dy: v128, y: v128): v128 {
  return f32x4.mul(dy, v128.and(f32x4.ne(y, f32x4.splat(0)), f32x4.splat(1)));
}
