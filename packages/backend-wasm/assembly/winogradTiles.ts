// Winograd's transforms, one axis after the other: of the input, Bᵀ: (a, b, c, d) to (a − c, b + c, c − b, b − d); of the products,
// Aᵀ: (a, b, c, d) to (a + b + c, b − c − d); of the filter, G: (a, b, c) to (a, (a + b + c) / 2, (a − b + c) / 2, c).
//
// A plane of the volume, transformed in H and W, is [16 positions][tile][channel]. A ring holds the last four.
import { packFilter } from './layout';

/** Bytes from one position to the next. The 64 more keep positions from falling into the same sets of a cache. */
// @ts-ignore: decorator
@inline
export function positionBytes(tiles: i32, row: usize): usize {
  return <usize>tiles * row + 64;
}

/**
 * Brings the planes 2s − pd … 2s − pd + 3 of x [D, H, W] into the ring, plane 2s + a − pd at slot (2s + a) mod 4; only the last two
 * unless `all`. For the rest see tileInput.
 */
export function loadPlanes(
  x: usize, D: i32, H: i32, W: i32, voxel: usize, row: usize, s: i32, all: bool, first: i32, count: i32, across: i32,
  pd: i32, ph: i32, pw: i32, ring: usize, position: usize, patch: usize,
): void {
  for (let a = all ? 0 : 2; a < 4; a++) {
    const d = s * 2 + a - pd;
    const slot = ring + <usize>((s * 2 + a) & 3) * position * 16;
    if (d < 0 || d >= D) memory.fill(slot, 0, position * 16);
    else tileInput(x + <usize>(d * H * W) * voxel, H, W, voxel, row, first, count, across, ph, pw, slot, position, patch);
  }
}

/**
 * BᵀXB of `count` 4×4 tiles of the plane x [H, W] of `voxel` bytes, from tile `first` of a grid `across` wide that begins at
 * (−ph, −pw); zeros beyond the plane. Takes `row` bytes of each voxel. Position p of tile t goes to `to` + p · position + t · row.
 * @param patch room for 16 rows
 */
function tileInput(
  x: usize, H: i32, W: i32, voxel: usize, row: usize, first: i32, count: i32, across: i32, ph: i32, pw: i32,
  to: usize, position: usize, patch: usize,
): void {
  const line = <usize>W * voxel;
  let i = first / across;
  let j = first - i * across;
  for (let t = 0; t < count; t++) {
    const h = 2 * i - ph, w = 2 * j - pw;
    if (h >= 0 && w >= 0 && h + 4 <= H && w + 4 <= W) {
      transformTile(x + <usize>(h * W + w) * voxel, line, voxel, to, position, row);
    } else {
      cutPatch(x, H, W, voxel, h, w, patch, row);
      transformTile(patch, row << 2, row, to, position, row);
    }
    to += row;
    if (++j == across) {
      j = 0;
      i++;
    }
  }
}

/** Copies 4×4 voxels from (h, w) on to `patch`, zeros where the plane has none. */
function cutPatch(x: usize, H: i32, W: i32, voxel: usize, h: i32, w: i32, patch: usize, row: usize): void {
  for (let a = h; a < h + 4; a++) {
    for (let b = w; b < w + 4; b++) {
      if (a >= 0 && a < H && b >= 0 && b < W) {
        const from = x + <usize>(a * W + b) * voxel;
        for (let i: usize = 0; i < row; i += 16) v128.store(patch + i, v128.load(from + i));
      } else {
        for (let i: usize = 0; i < row; i += 16) v128.store(patch + i, f32x4.splat(0));
      }
      patch += row;
    }
  }
}

// Column after column, so that few vectors are alive at a time.
// @ts-ignore: decorator
@inline
function transformTile(x: usize, line: usize, voxel: usize, to: usize, position: usize, row: usize): void {
  const x1 = x + line, x2 = x1 + line, x3 = x2 + line;
  const to1 = to + position * 4, to2 = to1 + position * 4, to3 = to2 + position * 4;
  for (let i: usize = 0; i < row; i += 16) {
    let from = i;
    let q0 = v128.load(x + from), q1 = v128.load(x1 + from), q2 = v128.load(x2 + from), q3 = v128.load(x3 + from);
    const a0 = f32x4.sub(q0, q2), a1 = f32x4.add(q1, q2), a2 = f32x4.sub(q2, q1), a3 = f32x4.sub(q1, q3);
    from = i + voxel * 2;
    q0 = v128.load(x + from); q1 = v128.load(x1 + from); q2 = v128.load(x2 + from); q3 = v128.load(x3 + from);
    const c0 = f32x4.sub(q0, q2), c1 = f32x4.add(q1, q2), c2 = f32x4.sub(q2, q1), c3 = f32x4.sub(q1, q3);
    let at = i;
    v128.store(to + at, f32x4.sub(a0, c0)); v128.store(to1 + at, f32x4.sub(a1, c1));
    v128.store(to2 + at, f32x4.sub(a2, c2)); v128.store(to3 + at, f32x4.sub(a3, c3));
    from = i + voxel;
    q0 = v128.load(x + from); q1 = v128.load(x1 + from); q2 = v128.load(x2 + from); q3 = v128.load(x3 + from);
    const b0 = f32x4.sub(q0, q2), b1 = f32x4.add(q1, q2), b2 = f32x4.sub(q2, q1), b3 = f32x4.sub(q1, q3);
    at += position;
    v128.store(to + at, f32x4.add(b0, c0)); v128.store(to1 + at, f32x4.add(b1, c1));
    v128.store(to2 + at, f32x4.add(b2, c2)); v128.store(to3 + at, f32x4.add(b3, c3));
    at += position;
    v128.store(to + at, f32x4.sub(c0, b0)); v128.store(to1 + at, f32x4.sub(c1, b1));
    v128.store(to2 + at, f32x4.sub(c2, b2)); v128.store(to3 + at, f32x4.sub(c3, b3));
    at += position;
    from = i + voxel * 3;
    q0 = v128.load(x + from); q1 = v128.load(x1 + from); q2 = v128.load(x2 + from); q3 = v128.load(x3 + from);
    v128.store(to + at, f32x4.sub(b0, f32x4.sub(q0, q2))); v128.store(to1 + at, f32x4.sub(b1, f32x4.add(q1, q2)));
    v128.store(to2 + at, f32x4.sub(b2, f32x4.sub(q2, q1))); v128.store(to3 + at, f32x4.sub(b3, f32x4.sub(q1, q3)));
  }
}

/** Bᵀ along depth: the ring's planes of step s to [4][slot]. */
export function combine(ring: usize, s: i32, to: usize, slot: usize): void {
  const near = ring + <usize>(s * 2 & 3) * slot, far = ring + <usize>(s * 2 + 2 & 3) * slot;
  for (let i: usize = 0; i < slot; i += 16) {
    const a = v128.load(near + i), b = v128.load(near + slot + i), c = v128.load(far + i), d = v128.load(far + slot + i);
    v128.store(to + i, f32x4.sub(a, c));
    v128.store(to + slot + i, f32x4.add(b, c));
    v128.store(to + slot * 2 + i, f32x4.sub(c, b));
    v128.store(to + slot * 3 + i, f32x4.sub(b, d));
  }
}

/** Aᵀ along depth, in place: [4][bytes] to [2][bytes]. */
export function fold(at: usize, bytes: usize): void {
  for (const end = at + bytes; at < end; at += 16) {
    const b = v128.load(at + bytes), c = v128.load(at + bytes * 2), d = v128.load(at + bytes * 3);
    v128.store(at, f32x4.add(f32x4.add(v128.load(at), b), c));
    v128.store(at + bytes, f32x4.sub(f32x4.sub(b, c), d));
  }
}

/**
 * G along the three axes of the filter for blocks from … to − 1 of 8 output channels. For the source, its order of taps and its
 * strides see packFilter.
 * @param u [64][Ci · 8 floats and 64 bytes] a block
 * @param scratch room for 27 · Ci · 8 floats for each thread
 */
export function winogradFilter(
  source: usize, order: usize, tapStride: i32, rStride: i32, cStride: i32, u: usize, Ci: i32, Co: i32, scratch: usize,
  from: i32, to: i32, thread: i32,
): void {
  const position = positionBytes(8, <usize>Ci << 2);
  const packed = scratch + (<usize>(thread * 27 * Ci) << 5);
  for (let block = from; block < to; block++) {
    const count = min(8, Co - block * 8);
    const vectors = count > 4 ? 2 : 1;
    const tap = <usize>(Ci * vectors) << 4;
    const target = u + <usize>(block * 64) * position;
    packFilter(source + (<usize>(block * cStride) << 5), packed, order, 27, Ci, count, tapStride, rStride, cStride);
    for (let r = 0; r < Ci; r++) {
      const at = target + (<usize>r << 5);
      filter4(packed + (<usize>(r * vectors) << 4), tap, at, position);
      if (vectors == 2) filter4(packed + (<usize>(r * 2 + 1) << 4), tap, at + 16, position);
      else for (let p: usize = 0; p < 64; p++) v128.store(at + 16 + p * position, f32x4.splat(0));
    }
  }
}

/** 27 taps, `tap` bytes apart, to 64 positions. */
// @ts-ignore: decorator
@inline
function filter4(from: usize, tap: usize, to: usize, position: usize): void {
  for (let c = 0; c < 4; c++) {
    filterColumn(from, tap, to, position, c);
    to += position;
  }
}

/** Column c of the 4×4 positions of each of the 4 planes. */
// @ts-ignore: decorator
@inline
function filterColumn(from: usize, tap: usize, to: usize, position: usize, c: i32): void {
  const half = f32x4.splat(0.5);
  const a0 = along(from, tap, c), a1 = along(from + tap * 3, tap, c), a2 = along(from + tap * 6, tap, c);
  from += tap * 9;
  const b0 = along(from, tap, c), b1 = along(from + tap * 3, tap, c), b2 = along(from + tap * 6, tap, c);
  from += tap * 9;
  const c0 = along(from, tap, c), c1 = along(from + tap * 3, tap, c), c2 = along(from + tap * 6, tap, c);
  filterDepth(to, position, a0, b0, c0);
  const a = f32x4.mul(f32x4.add(a0, a2), half), b = f32x4.mul(f32x4.add(b0, b2), half), d = f32x4.mul(f32x4.add(c0, c2), half);
  const e = f32x4.mul(a1, half), f = f32x4.mul(b1, half), g = f32x4.mul(c1, half);
  filterDepth(to + position * 4, position, f32x4.add(a, e), f32x4.add(b, f), f32x4.add(d, g));
  filterDepth(to + position * 8, position, f32x4.sub(a, e), f32x4.sub(b, f), f32x4.sub(d, g));
  filterDepth(to + position * 12, position, a2, b2, c2);
}

// @ts-ignore: decorator
@inline
function filterDepth(to: usize, position: usize, a: v128, b: v128, c: v128): void {
  const half = f32x4.splat(0.5);
  const s = f32x4.mul(f32x4.add(a, c), half), m = f32x4.mul(b, half);
  v128.store(to, a);
  v128.store(to + position * 16, f32x4.add(s, m));
  v128.store(to + position * 32, f32x4.sub(s, m));
  v128.store(to + position * 48, c);
}

/** Element c of G times the three taps from `at` on. */
// @ts-ignore: decorator
@inline
function along(at: usize, tap: usize, c: i32): v128 {
  if (c == 0) return v128.load(at);
  if (c == 3) return v128.load(at + tap * 2);
  const s = f32x4.add(v128.load(at), v128.load(at + tap * 2));
  const b = v128.load(at + tap);
  return f32x4.mul(c == 1 ? f32x4.add(s, b) : f32x4.sub(s, b), f32x4.splat(0.5));
}
