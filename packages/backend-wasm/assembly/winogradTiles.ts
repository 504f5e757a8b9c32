// Winograd's transforms of the input and of the filter. Bᵀ takes (a, b, c, d) to (a − c, b + c, c − b, b − d); G takes (a, b, c) to
// (a, (a + b + c) / 2, (a − b + c) / 2, c).

/**
 * BᵀXB of `count` 4×4 tiles of the plane x [H, W] of `voxel` bytes, from tile `first` of a grid `across` wide that begins at
 * (−ph, −pw); zeros beyond the plane. Takes `row` bytes of each voxel. Position p of tile t goes to `to` + p · position + t · row.
 * @param patch room for 16 rows
 */
export function tileInput(
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
  const to1 = to + 4 * position, to2 = to1 + 4 * position, to3 = to2 + 4 * position;
  const voxel2 = voxel * 2, voxel3 = voxel * 3, position2 = position * 2, position3 = position * 3;
  for (let i: usize = 0; i < row; i += 16) {
    let q0 = v128.load(x + i), q1 = v128.load(x1 + i), q2 = v128.load(x2 + i), q3 = v128.load(x3 + i);
    const a0 = f32x4.sub(q0, q2), a1 = f32x4.add(q1, q2), a2 = f32x4.sub(q2, q1), a3 = f32x4.sub(q1, q3);
    q0 = v128.load(x + i + voxel2); q1 = v128.load(x1 + i + voxel2); q2 = v128.load(x2 + i + voxel2); q3 = v128.load(x3 + i + voxel2);
    const c0 = f32x4.sub(q0, q2), c1 = f32x4.add(q1, q2), c2 = f32x4.sub(q2, q1), c3 = f32x4.sub(q1, q3);
    v128.store(to + i, f32x4.sub(a0, c0)); v128.store(to1 + i, f32x4.sub(a1, c1));
    v128.store(to2 + i, f32x4.sub(a2, c2)); v128.store(to3 + i, f32x4.sub(a3, c3));
    q0 = v128.load(x + i + voxel); q1 = v128.load(x1 + i + voxel); q2 = v128.load(x2 + i + voxel); q3 = v128.load(x3 + i + voxel);
    const b0 = f32x4.sub(q0, q2), b1 = f32x4.add(q1, q2), b2 = f32x4.sub(q2, q1), b3 = f32x4.sub(q1, q3);
    v128.store(to + i + position, f32x4.add(b0, c0)); v128.store(to1 + i + position, f32x4.add(b1, c1));
    v128.store(to2 + i + position, f32x4.add(b2, c2)); v128.store(to3 + i + position, f32x4.add(b3, c3));
    v128.store(to + i + position2, f32x4.sub(c0, b0)); v128.store(to1 + i + position2, f32x4.sub(c1, b1));
    v128.store(to2 + i + position2, f32x4.sub(c2, b2)); v128.store(to3 + i + position2, f32x4.sub(c3, b3));
    q0 = v128.load(x + i + voxel3); q1 = v128.load(x1 + i + voxel3); q2 = v128.load(x2 + i + voxel3); q3 = v128.load(x3 + i + voxel3);
    v128.store(to + i + position3, f32x4.sub(b0, f32x4.sub(q0, q2))); v128.store(to1 + i + position3, f32x4.sub(b1, f32x4.add(q1, q2)));
    v128.store(to2 + i + position3, f32x4.sub(b2, f32x4.sub(q2, q1))); v128.store(to3 + i + position3, f32x4.sub(b3, f32x4.sub(q1, q3)));
  }
}

/** Bᵀ along depth: the four planes of a ring, beginning with slot `first` (0 or 2), to [4][slot]. */
export function combine(ring: usize, to: usize, slot: usize, first: i32): void {
  const near = ring + <usize>first * slot, far = ring + <usize>(first ^ 2) * slot;
  for (let i: usize = 0; i < slot; i += 16) {
    const a = v128.load(near + i), b = v128.load(near + slot + i), c = v128.load(far + i), d = v128.load(far + slot + i);
    v128.store(to + i, f32x4.sub(a, c));
    v128.store(to + slot + i, f32x4.add(b, c));
    v128.store(to + slot * 2 + i, f32x4.sub(c, b));
    v128.store(to + slot * 3 + i, f32x4.sub(b, d));
  }
}

/** Aᵀ along depth, (a, b, c, d) to (a + b + c, b − c − d), in place: [4][bytes] to [2][bytes]. */
export function fold(at: usize, bytes: usize): void {
  const second = at + bytes, third = second + bytes, fourth = third + bytes;
  for (let i: usize = 0; i < bytes; i += 16) {
    const b = v128.load(second + i), c = v128.load(third + i), d = v128.load(fourth + i);
    v128.store(at + i, f32x4.add(f32x4.add(v128.load(at + i), b), c));
    v128.store(second + i, f32x4.sub(f32x4.sub(b, c), d));
  }
}

/**
 * GwGᵀ (and along depth where `deep`) of output channel blocks from … to − 1.
 * @param packed [27][Ci][8 or 4] a block, as packFilter has it
 * @param u [16][3][Ci][8] a block, or [64][Ci][8] where `deep`
 */
export function winogradFilter(packed: usize, u: usize, Ci: i32, Co: i32, deep: i32, from: i32, to: i32, thread: i32): void {
  for (let block = from; block < to; block++) {
    const width = Co - block * 8 > 4 ? 8 : 4;
    const source = packed + (<usize>(block * 27 * Ci) << 5);
    const share = (<usize>Ci << 5) + 64;
    const target = u + <usize>(block * (deep ? 64 : 48)) * share;
    for (let r = 0; r < Ci; r++) {
      for (let half = 0; half < 8; half += 4) {
        filter4(source + (<usize>(r * width + half) << 2), <usize>(Ci * width) << 2, target + (<usize>(r * 8 + half) << 2), share, deep, half < width);
      }
    }
  }
}

/** 27 taps `tap` bytes apart to 48 or 64 vectors `step` bytes apart; zeros unless `filled`. */
// @ts-ignore: decorator
@inline
function filter4(from: usize, tap: usize, to: usize, step: usize, deep: i32, filled: bool): void {
  if (!filled) {
    const count = deep ? 64 : 48;
    for (let p = 0; p < count; p++) v128.store(to + <usize>p * step, f32x4.splat(0));
    return;
  }
  const next = deep ? step : step * 3;
  for (let c = 0; c < 4; c++) {
    filterColumn(from, tap, to, next, step, deep, c);
    to += next;
  }
}

/** Column c of GwGᵀ: rows 4 · next bytes apart. */
// @ts-ignore: decorator
@inline
function filterColumn(from: usize, tap: usize, to: usize, next: usize, step: usize, deep: i32, c: i32): void {
  const depth = tap * 9;
  const half = f32x4.splat(0.5);
  const a0 = along(from, tap, c), a1 = along(from + 3 * tap, tap, c), a2 = along(from + 6 * tap, tap, c);
  from += depth;
  const b0 = along(from, tap, c), b1 = along(from + 3 * tap, tap, c), b2 = along(from + 6 * tap, tap, c);
  from += depth;
  const c0 = along(from, tap, c), c1 = along(from + 3 * tap, tap, c), c2 = along(from + 6 * tap, tap, c);
  store3(to, step, deep, a0, b0, c0);
  const a = f32x4.mul(f32x4.add(a0, a2), half), b = f32x4.mul(f32x4.add(b0, b2), half), d = f32x4.mul(f32x4.add(c0, c2), half);
  const e = f32x4.mul(a1, half), f = f32x4.mul(b1, half), g = f32x4.mul(c1, half);
  store3(to + next * 4, step, deep, f32x4.add(a, e), f32x4.add(b, f), f32x4.add(d, g));
  store3(to + next * 8, step, deep, f32x4.sub(a, e), f32x4.sub(b, f), f32x4.sub(d, g));
  store3(to + next * 12, step, deep, a2, b2, c2);
}

/** The three depth taps of a position as they are, or G times them, 16 positions apart. */
// @ts-ignore: decorator
@inline
function store3(to: usize, step: usize, deep: i32, a: v128, b: v128, c: v128): void {
  if (deep) {
    const half = f32x4.splat(0.5);
    const s = f32x4.mul(f32x4.add(a, c), half), m = f32x4.mul(b, half);
    v128.store(to, a);
    v128.store(to + step * 16, f32x4.add(s, m));
    v128.store(to + step * 32, f32x4.sub(s, m));
    v128.store(to + step * 48, c);
  } else {
    v128.store(to, a);
    v128.store(to + step, b);
    v128.store(to + step * 2, c);
  }
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
