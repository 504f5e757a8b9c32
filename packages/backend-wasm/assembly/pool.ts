// Max-pooling of [N, D, H, W, C] over windows k at strides s, `p` voxels of padding before each axis, and its gradient. Vectors run over channels.
import { storeLanes } from './simd';

/** What a window sees that lies in the padding altogether. */
const LOWEST: f32 = -3.4e38;

/** Output rows from·rows … to·rows − 1 of y [N, OD, OH, OW, C]. `scratch` has `stride` bytes for every thread: a row of x. */
export function maxPool(
  x: usize, y: usize, scratch: usize, stride: i32, total: i32, rows: i32, C: i32, D: i32, H: i32, W: i32, OD: i32, OH: i32, OW: i32,
  kd: i32, kh: i32, kw: i32, sd: i32, sh: i32, sw: i32, pd: i32, ph: i32, pw: i32, from: i32, to: i32, thread: i32,
): void {
  const voxel = <usize>C << 2;
  const row = <usize>W * voxel;
  const line = scratch + <usize>thread * <usize>stride;
  for (let r = from * rows, end = min(to * rows, total); r < end; r++) {
    const plane = r / OH;
    const h = (r - plane * OH) * sh - ph;
    const n = plane / OD;
    const d = (plane - n * OD) * sd - pd;
    const seen = maxRows(x + <usize>(n * D) * <usize>H * row, line, row, H, max(d, 0), min(d + kd, D), max(h, 0), min(h + kh, H));
    let at = y + <usize>r * <usize>OW * voxel;
    for (let i = 0; i < OW; i++) {
      const w = i * sw - pw;
      const first = max(w, 0), last = min(w + kw, W);
      for (let c = 0; c < C; c += 4) {
        let best = f32x4.splat(LOWEST);
        if (seen && first < last) {
          let tap = line + <usize>first * voxel + (<usize>c << 2);
          best = v128.load(tap);
          for (let j = first + 1; j < last; j++) {
            tap += voxel;
            best = f32x4.max(best, v128.load(tap));
          }
        }
        storeLanes(at + (<usize>c << 2), best, C - c);
      }
      at += voxel;
    }
  }
}

/** The maximum of rows [d0, d1) × [h0, h1) of a sample, element by element; false where there are none. */
function maxRows(x: usize, line: usize, row: usize, H: i32, d0: i32, d1: i32, h0: i32, h1: i32): bool {
  if (d0 >= d1 || h0 >= h1) return false;
  memory.copy(line, x + <usize>(d0 * H + h0) * row, row);
  for (let d = d0; d < d1; d++) {
    for (let h = d == d0 ? h0 + 1 : h0; h < h1; h++) {
      const source = x + <usize>(d * H + h) * row;
      for (let at: usize = 0; at < row; at += 16) {
        v128.store(line + at, f32x4.max(v128.load(line + at), v128.load(source + at)));
      }
    }
  }
  return true;
}

/**
 * dx of units from … to − 1. A unit owns the planes of a sample from window `windows`·u's first plane to the next unit's, so that windows of
 * several units may overlap; a window's dy goes to its first voxel in D, H, W order that equals y.
 */
export function maxPoolGrad(
  dy: usize, x: usize, y: usize, dx: usize, units: i32, windows: i32, C: i32, D: i32, H: i32, W: i32, OD: i32, OH: i32, OW: i32,
  kd: i32, kh: i32, kw: i32, sd: i32, sh: i32, sw: i32, pd: i32, ph: i32, pw: i32, from: i32, to: i32, thread: i32,
): void {
  const plane = <usize>H * <usize>W * <usize>C << 2;
  for (let item = from; item < to; item++) {
    const n = item / units;
    const u = item - n * units;
    const z0 = u == 0 ? 0 : min(max(u * windows * sd - pd, 0), D);
    const z1 = u == units - 1 ? D : min(max((u + 1) * windows * sd - pd, 0), D);
    if (z0 >= z1) continue;
    const base = <usize>(n * D) * plane;
    memory.fill(dx + base + <usize>z0 * plane, 0, <usize>(z1 - z0) * plane);
    // Windows [d·sd − pd, d·sd − pd + kd) that reach into [z0, z1).
    const reach = z0 + pd - kd + 1;
    const first = reach > 0 ? (reach + sd - 1) / sd : 0;
    const end = min((z1 - 1 + pd) / sd + 1, OD);
    for (let d = first; d < end; d++) {
      for (let h = 0; h < OH; h++) {
        const out = <usize>((n * OD + d) * OH + h) * <usize>(OW * C) << 2;
        windowsOfRow(dy + out, x + base, y + out, dx + base, C, D, H, W, OW, d * sd - pd, h * sh - ph, kd, kh, kw, sw, pw, z0, z1);
      }
    }
  }
}

function windowsOfRow(
  dy: usize, x: usize, y: usize, dx: usize, C: i32, D: i32, H: i32, W: i32, OW: i32,
  d: i32, h: i32, kd: i32, kh: i32, kw: i32, sw: i32, pw: i32, z0: i32, z1: i32,
): void {
  const voxel = <usize>C << 2;
  const d0 = max(d, 0), d1 = min(d + kd, D), h0 = max(h, 0), h1 = min(h + kh, H);
  for (let i = 0; i < OW; i++) {
    const w0 = max(i * sw - pw, 0), w1 = min(i * sw - pw + kw, W);
    for (let c = 0; c < C; c += 4) {
      const at = <usize>i * voxel + (<usize>c << 2);
      const gradient = v128.load(dy + at), largest = v128.load(y + at);
      let open = i32x4.splat(-1);
      for (let z = d0; z < d1; z++) {
        for (let q = h0; q < h1; q++) {
          let tap = <usize>((z * H + q) * W + w0) * voxel + (<usize>c << 2);
          for (let w = w0; w < w1; w++) {
            const hit = v128.and(open, f32x4.eq(v128.load(x + tap), largest));
            open = v128.andnot(open, hit);
            if (z >= z0 && z < z1 && v128.any_true(hit)) {
              storeLanes(dx + tap, f32x4.add(v128.load(dx + tap), v128.and(gradient, hit)), C - c);
            }
            tap += voxel;
          }
        }
      }
    }
  }
}
