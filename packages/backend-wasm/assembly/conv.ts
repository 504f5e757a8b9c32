// Convolution as a gather: every output voxel sums over `taps` runs of contiguous source floats, each at a fixed offset from the
// voxel's own source pointer. This one form covers any kernel size, stride and dilation, the input gradient (phase by phase), and
// the matrix product (one tap, the run is a row).
import { madd, storeLanes } from './simd';
import { CHUNK, ENTRY, fillTable } from './voxels';

/**
 * Planes d0 … d1 − 1 of the output grid [·, H, W].
 * @param x window of the source; voxel (d, h, w) begins at x + (d − d0)·xd + h·xh + w·xw bytes
 * @param weights packed by packFilter: blocks of 8 (the last of 4 where it has room) output channels, [taps·run][block] floats each
 * @param bias one float an output channel, as many as the packed blocks have
 * @param y output; voxel (d, h, w) at y + (d − d0)·yd + h·yh + w·yw, Co floats
 * @param taps byte offsets, u32
 * @param run floats a tap
 * @param table room for CHUNK entries
 */
export function conv(
  x: usize, weights: usize, bias: usize, y: usize, taps: usize, tapCount: i32, run: i32, Co: i32,
  d0: i32, d1: i32, H: i32, W: i32,
  xd: i32, xh: i32, xw: i32, yd: i32, yh: i32, yw: i32, table: usize,
): void {
  const total = (d1 - d0) * H * W;
  const tapsEnd = taps + (<usize>tapCount << 2);
  const runBytes = <usize>run << 2;
  const blockBytes = <usize>tapCount * runBytes;
  for (let v0 = 0; v0 < total; v0 += CHUNK) {
    const v1 = min(v0 + CHUNK, total);
    fillTable(table, v0, v1, H, W, x, xd, xh, xw, y, yd, yh, yw);
    const end = table + <usize>(((v1 - v0 + 3) & ~3) * ENTRY);
    for (let c = 0; c < Co; c += 8) {
      const w = weights + <usize>c * blockBytes;
      const b = bias + (<usize>c << 2);
      if (Co - c > 4) for (let at = table; at < end; at += 4 * ENTRY) block8(at, w, b, c, Co - c, taps, tapsEnd, runBytes);
      else for (let at = table; at < end; at += 4 * ENTRY) block4(at, w, b, c, Co - c, taps, tapsEnd, runBytes);
    }
  }
}

// V8 moves all loads of a loop body to its top. A body therefore needs a register for every accumulator AND every loaded vector: one
// float of a run a turn (8 + 4 + 2 of 15) runs at nearly twice the speed of two floats a turn, which spill. V8 unrolls by itself.

/** 4 voxels × 8 channels. */
// @ts-ignore: decorator
@inline
function block8(at: usize, weights: usize, bias: usize, c: i32, left: i32, taps: usize, tapsEnd: usize, runBytes: usize): void {
  const x0 = <usize>load<u32>(at), x1 = <usize>load<u32>(at, 8), x2 = <usize>load<u32>(at, 16), x3 = <usize>load<u32>(at, 24);
  let w = weights;
  let a0 = v128.load(bias), a1 = v128.load(bias, 16);
  let b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;
  for (let t = taps; t < tapsEnd; t += 4) {
    const o = <usize>load<u32>(t);
    let p0 = x0 + o, p1 = x1 + o, p2 = x2 + o, p3 = x3 + o;
    for (const end = p0 + runBytes; p0 < end; p0 += 4) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      const s0 = v128.load32_splat(p0), s1 = v128.load32_splat(p1), s2 = v128.load32_splat(p2), s3 = v128.load32_splat(p3);
      a0 = madd(s0, w0, a0); a1 = madd(s0, w1, a1);
      b0 = madd(s1, w0, b0); b1 = madd(s1, w1, b1);
      c0 = madd(s2, w0, c0); c1 = madd(s2, w1, c1);
      d0 = madd(s3, w0, d0); d1 = madd(s3, w1, d1);
      w += 32; p1 += 4; p2 += 4; p3 += 4;
    }
  }
  const offset = <usize>c << 2;
  const y0 = load<u32>(at, 4) + offset, y1 = load<u32>(at, 12) + offset, y2 = load<u32>(at, 20) + offset, y3 = load<u32>(at, 28) + offset;
  v128.store(y0, a0); v128.store(y1, b0); v128.store(y2, c0); v128.store(y3, d0);
  storeLanes(y0 + 16, a1, left - 4); storeLanes(y1 + 16, b1, left - 4);
  storeLanes(y2 + 16, c1, left - 4); storeLanes(y3 + 16, d1, left - 4);
}

/** 4 voxels × 4 channels. */
// @ts-ignore: decorator
@inline
function block4(at: usize, weights: usize, bias: usize, c: i32, left: i32, taps: usize, tapsEnd: usize, runBytes: usize): void {
  const x0 = <usize>load<u32>(at), x1 = <usize>load<u32>(at, 8), x2 = <usize>load<u32>(at, 16), x3 = <usize>load<u32>(at, 24);
  let w = weights;
  let a = v128.load(bias);
  let b = a, g = a, d = a;
  for (let t = taps; t < tapsEnd; t += 4) {
    const o = <usize>load<u32>(t);
    let p0 = x0 + o, p1 = x1 + o, p2 = x2 + o, p3 = x3 + o;
    for (const end = p0 + runBytes; p0 < end; p0 += 4) {
      const f = v128.load(w);
      a = madd(v128.load32_splat(p0), f, a);
      b = madd(v128.load32_splat(p1), f, b);
      g = madd(v128.load32_splat(p2), f, g);
      d = madd(v128.load32_splat(p3), f, d);
      w += 16; p1 += 4; p2 += 4; p3 += 4;
    }
  }
  const offset = <usize>c << 2;
  storeLanes(load<u32>(at, 4) + offset, a, left);
  storeLanes(load<u32>(at, 12) + offset, b, left);
  storeLanes(load<u32>(at, 20) + offset, g, left);
  storeLanes(load<u32>(at, 28) + offset, d, left);
}
