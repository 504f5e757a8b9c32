// Filter gradient: for each tap, the matrix product of the gathered sources (transposed) and the output gradient, summed over
// voxels chunk by chunk in a fixed order, so that the float32 error stays small and the bits do not depend on who computes.
import { add1, add2, madd } from './simd';
import { CHUNK, ENTRY, fillTable } from './voxels';

/**
 * Adds the contribution of planes d0 … d1 − 1 to `sums`.
 * @param dy gradient of those planes, contiguous [·, H, W, Co]
 * @param sums [taps][rows][columns] floats, rows = run rounded up to 4, columns = Co rounded up to 4; what lies beyond run and Co is
 *   garbage (the kernel reads past the end of a row and ignores it)
 * @param packed room for CHUNK voxels of Co rounded up to 4
 */
export function filterGrad(
  x: usize, dy: usize, sums: usize, taps: usize, tapCount: i32, run: i32, Co: i32,
  d0: i32, d1: i32, H: i32, W: i32, xd: i32, xh: i32, xw: i32, table: usize, packed: usize,
): void {
  const total = (d1 - d0) * H * W;
  const voxel = <usize>Co << 2;
  const columns = <usize>((Co + 3) & ~3) << 2;
  const rows = (run + 3) & ~3;
  for (let v0 = 0; v0 < total; v0 += CHUNK) {
    const v1 = min(v0 + CHUNK, total);
    fillTable(table, v0, v1, H, W, x, xd, xh, xw, dy, W * H * voxel, W * voxel, voxel);
    const end = table + <usize>((v1 - v0) * ENTRY);
    packGradient(dy + <usize>v0 * voxel, packed, v1 - v0, Co);
    const column = <usize>(v1 - v0) << 2;
    for (let t = 0; t < tapCount; t++) {
      const offset = <usize>load<u32>(taps + (<usize>t << 2));
      const tile = sums + <usize>(t * rows) * columns;
      for (let c = 0; c < Co; c += 8) {
        const g = packed + <usize>c * column;
        const at = tile + (<usize>c << 2);
        if (Co - c > 4) for (let r = 0; r < run; r += 4) wide(at + <usize>r * columns, columns, table, end, offset + (<usize>r << 2), g);
        else for (let r = 0; r < run; r += 4) narrow(at + <usize>r * columns, columns, table, end, offset + (<usize>r << 2), g);
      }
    }
  }
}

/** [voxels, Co] to blocks of 8 channels (the last of 4 where it has room), [voxels][block] each: neighbours in memory, and in the cache. */
function packGradient(from: usize, to: usize, voxels: i32, Co: i32): void {
  const voxel = <usize>Co << 2;
  for (let c = 0; c < Co; c += 8) {
    const width = Co - c > 4 ? 8 : 4;
    const filled = min(Co - c, width);
    let at = from + (<usize>c << 2);
    for (let v = 0; v < voxels; v++) {
      if (filled == 8) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
      } else {
        for (let i = 0; i < width; i++) store<f32>(to + (<usize>i << 2), i < filled ? load<f32>(at + (<usize>i << 2)) : 0);
      }
      at += voxel;
      to += <usize>width << 2;
    }
  }
}

/** 4 source floats × 8 channels. */
// @ts-ignore: decorator
@inline
function wide(at: usize, columns: usize, table: usize, end: usize, offset: usize, gradient: usize): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
  let g = gradient;
  for (let e = table; e < end; e += ENTRY) {
    const p = <usize>load<u32>(e) + offset;
    const g0 = v128.load(g), g1 = v128.load(g, 16);
    let s = v128.load32_splat(p);
    a0 = madd(s, g0, a0); a1 = madd(s, g1, a1);
    s = v128.load32_splat(p, 4);
    b0 = madd(s, g0, b0); b1 = madd(s, g1, b1);
    s = v128.load32_splat(p, 8);
    c0 = madd(s, g0, c0); c1 = madd(s, g1, c1);
    s = v128.load32_splat(p, 12);
    d0 = madd(s, g0, d0); d1 = madd(s, g1, d1);
    g += 32;
  }
  add2(at, a0, a1);
  add2(at + columns, b0, b1);
  add2(at + columns * 2, c0, c1);
  add2(at + columns * 3, d0, d1);
}

/** 4 source floats × 4 channels. */
// @ts-ignore: decorator
@inline
function narrow(at: usize, columns: usize, table: usize, end: usize, offset: usize, gradient: usize): void {
  let a = f32x4.splat(0);
  let b = a, c = a, d = a;
  let g = gradient;
  for (let e = table; e < end; e += ENTRY) {
    const p = <usize>load<u32>(e) + offset;
    const g0 = v128.load(g);
    a = madd(v128.load32_splat(p), g0, a);
    b = madd(v128.load32_splat(p, 4), g0, b);
    c = madd(v128.load32_splat(p, 8), g0, c);
    d = madd(v128.load32_splat(p, 12), g0, d);
    g += 16;
  }
  add1(at, a);
  add1(at + columns, b);
  add1(at + columns * 2, c);
  add1(at + columns * 3, d);
}
