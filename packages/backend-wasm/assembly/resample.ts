// D, H and W each multiplied by a sparse matrix: trilinear and nearest resizing, and the gradients of these and of mirrored padding.
import { madd, storeLanes } from './simd';

// A matrix lies in memory as its row starts [rows + 1], and entries of (byte offset of the source, weight).
const ENTRY: i32 = 8;

/**
 * Output rows from·rows … to·rows − 1 of y [N, D, H, W, C]. A thread's scratch of `stride` bytes takes `pairs` entries and then a row of x.
 * `direct`: W's matrix is the identity.
 */
export function resample(
  x: usize, y: usize, scratch: usize, stride: i32, pairs: i32, sample: u32, depth: usize, depthEntries: usize, height: usize,
  heightEntries: usize, width: usize, widthEntries: usize, D: i32, H: i32, W: i32, sourceWidth: i32, C: i32, direct: i32,
  total: i32, rows: i32, from: i32, to: i32, thread: i32,
): void {
  const table = scratch + <usize>thread * <usize>stride;
  const line = table + <usize>(pairs * ENTRY);
  const row = <usize>(W * C) << 2;
  for (let r = from * rows, end = min(to * rows, total); r < end; r++) {
    const plane = r / H;
    const n = plane / D;
    const count = sourceRows(table, x + <usize>n * <usize>sample, depth, depthEntries, plane - n * D, height, heightEntries, r - plane * H);
    const at = y + <usize>r * row;
    if (direct) {
      mixRows(at, table, count, W * C);
      continue;
    }
    let source = line;
    if (count == 1 && load<f32>(table, 4) == 1) source = <usize>load<u32>(table);
    else mixRows(line, table, count, sourceWidth * C);
    mixVoxels(at, source, width, widthEntries, W, C);
  }
}

/** Writes the rows of x that an output row is a sum of, with their weights; returns how many. */
function sourceRows(
  table: usize, x: usize, depth: usize, depthEntries: usize, d: i32, height: usize, heightEntries: usize, h: i32,
): i32 {
  let at = table;
  const d1 = load<i32>(depth + (<usize>d << 2), 4), h0 = load<i32>(height + (<usize>h << 2)), h1 = load<i32>(height + (<usize>h << 2), 4);
  for (let i = load<i32>(depth + (<usize>d << 2)); i < d1; i++) {
    const a = depthEntries + <usize>(i * ENTRY);
    for (let j = h0; j < h1; j++) {
      const b = heightEntries + <usize>(j * ENTRY);
      store<u32>(at, <u32>x + load<u32>(a) + load<u32>(b));
      store<f32>(at, load<f32>(a, 4) * load<f32>(b, 4), 4);
      at += ENTRY;
    }
  }
  return <i32>(at - table) / ENTRY;
}

/** to = Σ weight · row, over `count` rows of `length` floats. */
function mixRows(to: usize, table: usize, count: i32, length: i32): void {
  const end = table + <usize>(count * ENTRY);
  let at: usize = 0;
  let left = length;
  for (; left >= 16; left -= 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let entry = table; entry < end; entry += ENTRY) {
      const source = <usize>load<u32>(entry) + at;
      const weight = v128.load32_splat(entry, 4);
      s0 = madd(v128.load(source), weight, s0);
      s1 = madd(v128.load(source, 16), weight, s1);
      s2 = madd(v128.load(source, 32), weight, s2);
      s3 = madd(v128.load(source, 48), weight, s3);
    }
    v128.store(to + at, s0);
    v128.store(to + at, s1, 16);
    v128.store(to + at, s2, 32);
    v128.store(to + at, s3, 48);
    at += 64;
  }
  for (; left > 0; left -= 4) {
    let sum = f32x4.splat(0);
    for (let entry = table; entry < end; entry += ENTRY) {
      sum = madd(v128.load(<usize>load<u32>(entry) + at), v128.load32_splat(entry, 4), sum);
    }
    storeLanes(to + at, sum, left);
    at += 16;
  }
}

/** A row's voxels: to[w] = Σ weight · row[source]. */
function mixVoxels(to: usize, row: usize, starts: usize, entries: usize, W: i32, C: i32): void {
  let at = to;
  for (let w = 0; w < W; w++) {
    const first = entries + <usize>(load<i32>(starts + (<usize>w << 2)) * ENTRY);
    const end = entries + <usize>(load<i32>(starts + (<usize>w << 2), 4) * ENTRY);
    for (let c = 0; c < C; c += 4) {
      let sum = f32x4.splat(0);
      for (let entry = first; entry < end; entry += ENTRY) {
        sum = madd(v128.load(row + <usize>load<u32>(entry) + (<usize>c << 2)), v128.load32_splat(entry, 4), sum);
      }
      storeLanes(at, sum, C - c);
      at += <usize>min(C - c, 4) << 2;
    }
  }
}
