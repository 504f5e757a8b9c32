/**
 * out[indices[k], :] += values[k, :] from zeros, in the order of k. A unit makes the rows unit·unitRows … of the result, for which it
 * looks through all indices.
 */
export function scatterRows(
  values: usize, indices: usize, out: usize, count: i32, rows: i32, width: i32, unitRows: i32, from: i32, to: i32, thread: i32,
): void {
  const first = from * unitRows;
  const end = min(to * unitRows, rows);
  const bytes = <usize>width << 2;
  const whole = bytes & ~15;
  memory.fill(out + <usize>first * bytes, 0, <usize>(end - first) * bytes);
  for (let k = 0; k < count; k++) {
    const row = load<i32>(indices + (<usize>k << 2));
    if (row < first || row >= end) continue;
    const source = values + <usize>k * bytes, target = out + <usize>row * bytes;
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(target + i, f32x4.add(v128.load(target + i), v128.load(source + i)));
    }
    for (let i = whole; i < bytes; i += 4) store<f32>(target + i, load<f32>(target + i) + load<f32>(source + i));
  }
}
