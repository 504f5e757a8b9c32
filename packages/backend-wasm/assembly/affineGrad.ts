// The gradient of y = x·scale + shift per channel, all of it in one pass.
import { addWide, itemOf, lengthOf, rowOf, startOf, within } from './lanes';
import { storeLanes } from './simd';

/**
 * dx = g·scale, and Σ g and Σ g·x of every lane for each item; g is dy where y is not 0 (`y` may be dy itself, for no ReLU).
 * @param scales [lanes] float32
 * @param sums [items][2][lanes] float64
 */
export function affineGrad(
  dy: usize, x: usize, y: usize, dx: usize, scales: usize, sums: usize, lanes: usize, from: i32, to: i32, thread: i32,
): void {
  const row = rowOf(lanes), last = itemOf(lanes, to);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const sum = sums + <usize>item * row * 4, product = sum + row * 2;
    memory.fill(sum, 0, row * 4);
    const start = startOf(lanes, item), end = dy + start + lengthOf(lanes, item);
    let at = dy + start, source = x + start, result = y + start, out = dx + start;
    for (; at < end; at += row, source += row, result += row, out += row) {
      const left = min(row, end - at);
      for (let c: usize = 0; c < left; c += 16) {
        const inside = within(left - c);
        const g = v128.and(through(v128.load(at + c), v128.load(result + c)), inside);
        addWide(sum + 2 * c, g);
        addWide(product + 2 * c, f32x4.mul(g, v128.and(v128.load(source + c), inside)));
        storeLanes(out + c, f32x4.mul(g, v128.load(scales + c)), <i32>((left - c) >> 2));
      }
    }
  }
}

/** dy·[y ≠ 0]: as a product, so that a NaN in dy shows wherever it is. */
// @ts-ignore: decorator
@inline
function through(dy: v128, y: v128): v128 {
  return f32x4.mul(dy, v128.and(f32x4.ne(y, f32x4.splat(0)), f32x4.splat(1)));
}
