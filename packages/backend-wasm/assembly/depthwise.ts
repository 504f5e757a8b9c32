// Depthwise convolution: every channel has its own filter, so the vectors run over channels.
import { madd, storeLanes } from './simd';
import { CHUNK, ENTRY, fillTable } from './voxels';

/** As `conv` (see there), with weights [taps][C rounded up to 4] and one channel in, one out. */
export function depthwise(
  x: usize, weights: usize, bias: usize, y: usize, taps: usize, tapCount: i32, C: i32,
  d0: i32, d1: i32, H: i32, W: i32,
  xd: i32, xh: i32, xw: i32, yd: i32, yh: i32, yw: i32, table: usize,
): void {
  const total = (d1 - d0) * H * W;
  const tapsEnd = taps + (<usize>tapCount << 2);
  const row = <usize>((C + 3) & ~3) << 2;
  for (let v0 = 0; v0 < total; v0 += CHUNK) {
    const v1 = min(v0 + CHUNK, total);
    fillTable(table, v0, v1, H, W, x, xd, xh, xw, y, yd, yh, yw);
    const end = table + <usize>(((v1 - v0 + 3) & ~3) * ENTRY);
    for (let c = 0; c < C; c += 4) {
      const at = <usize>c << 2;
      const start = v128.load(bias + at);
      for (let e = table; e < end; e += 4 * ENTRY) {
        const x0 = load<u32>(e) + at, x1 = load<u32>(e, 8) + at, x2 = load<u32>(e, 16) + at, x3 = load<u32>(e, 24) + at;
        let w = weights + at;
        let s0 = start, s1 = start, s2 = start, s3 = start;
        for (let t = taps; t < tapsEnd; t += 4) {
          const o = <usize>load<u32>(t);
          const f = v128.load(w);
          s0 = madd(v128.load(x0 + o), f, s0);
          s1 = madd(v128.load(x1 + o), f, s1);
          s2 = madd(v128.load(x2 + o), f, s2);
          s3 = madd(v128.load(x3 + o), f, s3);
          w += row;
        }
        storeLanes(load<u32>(e, 4) + at, s0, C - c);
        storeLanes(load<u32>(e, 12) + at, s1, C - c);
        storeLanes(load<u32>(e, 20) + at, s2, C - c);
        storeLanes(load<u32>(e, 28) + at, s3, C - c);
      }
    }
  }
}

/**
 * As `filterGrad` (see there): adds to sums [taps][C rounded up to 4], four taps at a time. `taps` has its last offset repeated up to a
 * multiple of four, and `sums` has room for those.
 */
export function depthwiseFilterGrad(
  x: usize, dy: usize, sums: usize, taps: usize, tapCount: i32, C: i32,
  d0: i32, d1: i32, H: i32, W: i32, xd: i32, xh: i32, xw: i32, table: usize,
): void {
  const total = (d1 - d0) * H * W;
  const voxel = <usize>C << 2;
  const row = <usize>((C + 3) & ~3) << 2;
  for (let v0 = 0; v0 < total; v0 += CHUNK) {
    const v1 = min(v0 + CHUNK, total);
    fillTable(table, v0, v1, H, W, x, xd, xh, xw, dy, W * H * voxel, W * voxel, voxel);
    const end = table + <usize>((v1 - v0) * ENTRY);
    for (let c = 0; c < C; c += 4) {
      const at = <usize>c << 2;
      for (let t = 0; t < tapCount; t += 4) {
        const tap = taps + (<usize>t << 2);
        const o0 = load<u32>(tap) + at, o1 = load<u32>(tap, 4) + at, o2 = load<u32>(tap, 8) + at, o3 = load<u32>(tap, 12) + at;
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        for (let e = table; e < end; e += ENTRY) {
          const p = <usize>load<u32>(e);
          const g = v128.load(<usize>load<u32>(e, 4) + at);
          s0 = madd(v128.load(p + o0), g, s0);
          s1 = madd(v128.load(p + o1), g, s1);
          s2 = madd(v128.load(p + o2), g, s2);
          s3 = madd(v128.load(p + o3), g, s3);
        }
        let sum = sums + <usize>t * row + at;
        v128.store(sum, f32x4.add(v128.load(sum), s0)); sum += row;
        v128.store(sum, f32x4.add(v128.load(sum), s1)); sum += row;
        v128.store(sum, f32x4.add(v128.load(sum), s2)); sum += row;
        v128.store(sum, f32x4.add(v128.load(sum), s3));
      }
    }
  }
}
