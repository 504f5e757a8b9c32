// Running sums along the middle axis of x [outer, count, inner], float32 or int32, in float64. The axis is cut into parts as in
// sums.ts; a part begins with the sum of the parts before it.
import { cut } from './units';

/** Sums of parts [outer, parts, inner] become the sums of what comes before each part (behind it, where `reverse`). */
export function partStarts(partials: usize, reverse: i32, outer: i32, parts: i32, inner: i32): void {
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < inner; c++) {
      let sum: f64 = 0;
      for (let k = 0; k < parts; k++) {
        const part = reverse ? parts - 1 - k : k;
        const at = partials + (<usize>((o * parts + part) * inner + c) << 3);
        const own = load<f64>(at);
        store<f64>(at, sum);
        sum += own;
      }
    }
  }
}

/** Items are (outer, part). Where `exclusive` an element's sum is without itself; without parts `starts` is not read. */
export function scan(
  x: usize, y: usize, starts: usize, ints: i32, exclusive: i32, reverse: i32, outer: i32, count: i32, inner: i32, parts: i32,
  units: i32, from: i32, to: i32, thread: i32,
): void {
  const last = cut(outer * parts, units, to);
  for (let item = cut(outer * parts, units, from); item < last; item++) {
    const o = item / parts, part = item - o * parts;
    const start = cut(count, parts, part), length = cut(count, parts, part + 1) - start;
    const first = (o * count + (reverse ? start + length - 1 : start)) * inner;
    for (let c = 0; c < inner; c++) {
      const sum = parts > 1 ? load<f64>(starts + (<usize>(item * inner + c) << 3)) : 0;
      const at = <usize>(first + c) << 2;
      if (ints) line<i32>(x + at, y + at, sum, exclusive, reverse ? -inner : inner, length);
      else line<f32>(x + at, y + at, sum, exclusive, reverse ? -inner : inner, length);
    }
  }
}

function line<T>(x: usize, y: usize, sum: f64, exclusive: i32, step: i32, count: i32): void {
  const bytes = <isize>step << 2;
  if (isFloat<T>()) {
    for (; count > 0; count--) {
      if (exclusive) store<f32>(y, <f32>sum);
      sum += <f64>load<f32>(x);
      if (!exclusive) store<f32>(y, <f32>sum);
      x += bytes;
      y += bytes;
    }
  } else {
    // Integers as such: the sums are exact, and an addition takes a third of the time.
    let whole = <i32><i64>sum;
    for (; count > 0; count--) {
      if (exclusive) store<i32>(y, whole);
      whole += load<i32>(x);
      if (!exclusive) store<i32>(y, whole);
      x += bytes;
      y += bytes;
    }
  }
}
