// Sums over all that belongs to a channel.
import { addWide, itemOf, lengthOf, rowOf, startOf, within } from './lanes';

/**
 * Σ x of every lane, for each item.
 * @param sums [items][lanes] float64
 */
export function channelSums(x: usize, sums: usize, lanes: usize, from: i32, to: i32, thread: i32): void {
  const row = rowOf(lanes), last = itemOf(lanes, to);
  for (let item = itemOf(lanes, from); item < last; item++) {
    const sum = sums + <usize>item * row * 2;
    memory.fill(sum, 0, row * 2);
    let at = x + startOf(lanes, item);
    const end = at + lengthOf(lanes, item);
    for (; at + 4 * row <= end; at += 4 * row) {
      const at1 = at + row, at2 = at1 + row, at3 = at2 + row;
      for (let c: usize = 0; c < row; c += 16) {
        const low = f32x4.add(v128.load(at + c), v128.load(at1 + c)), high = f32x4.add(v128.load(at2 + c), v128.load(at3 + c));
        addWide(sum + 2 * c, f32x4.add(low, high));
      }
    }
    for (; at < end; at += row) {
      const left = min(row, end - at);
      for (let c: usize = 0; c < left; c += 16) addWide(sum + 2 * c, v128.and(v128.load(at + c), within(left - c)));
    }
  }
}
