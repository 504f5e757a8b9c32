// Filter gradient of Winograd's convolution: dW = Gᵀ[Σ over tiles (BᵀXB) ⊙ (A dY Aᵀ)]G, along depth as well; for each of the 64
// positions a matrix product over tiles. A takes (a, b) to (a, a + b, a − b, −b).
//
// A unit of work is a pair of channel blocks, source × gradient, and a share of the tiles. It slides along depth as `winograd` does,
// and has sums of its own, which stay in the second cache level; winogradGradEnd adds them in the order of the shares.
import { add2, madd, storeLanes } from './simd';
import { loadPlanes, positionBytes } from './winogradTiles';

/**
 * Units from … to − 1 of ceil(Ci / rows) · ceil(Co / columns) · ceil(blocks / unitBlocks), where
 * blocks = N · ceil(steps / unitSteps) · ceil(tiles / unitTiles), and steps and tiles are as for `winograd`.
 * @param x [N, D, H, W, Ci]; @param dy [N, OD, OH, OW, Co]
 * @param sums winogradSumBytes for each unit
 * @param rows, columns source and gradient channels a block, multiples of 8
 * @param scratch winogradGradScratch bytes for each thread
 */
export function winogradGrad(
  x: usize, dy: usize, sums: usize, N: i32, D: i32, H: i32, W: i32, Ci: i32, OD: i32, OH: i32, OW: i32, Co: i32,
  pd: i32, ph: i32, pw: i32, rows: i32, columns: i32, unitSteps: i32, unitTiles: i32, unitBlocks: i32,
  scratch: usize, from: i32, to: i32, thread: i32,
): void {
  const across = (OW + 1) >> 1;
  const tiles = ((OH + 1) >> 1) * across;
  const steps = (OD + 1) >> 1;
  const tileBlocks = (tiles + unitTiles - 1) / unitTiles;
  const stepBlocks = (steps + unitSteps - 1) / unitSteps;
  const blocks = N * stepBlocks * tileBlocks;
  const shares = (blocks + unitBlocks - 1) / unitBlocks;
  const pairsAcross = (Co + columns - 1) / columns;
  const voxel = <usize>Ci << 2, voxelY = <usize>Co << 2;
  const sample = <usize>(D * H * W) * voxel, planeY = <usize>(OH * OW) * voxelY;
  const position = positionBytes(unitTiles, <usize>rows << 2), slot = position * 16;
  const positionY = positionBytes(unitTiles, <usize>columns << 2), slotY = positionY * 16;
  const sum = positionBytes(rows, <usize>columns << 2);

  const patch = scratch + <usize>thread * winogradGradScratch(rows, columns, unitTiles);
  const ring = patch + (<usize>rows << 6);
  const mixed = ring + slot * 4;
  const gradient = mixed + slot;
  const mixedY = gradient + slotY * 2;

  for (let unit = from; unit < to; unit++) {
    const pair = unit / shares;
    const share = unit - pair * shares;
    const ci = pair / pairsAcross * rows, co = pair % pairsAcross * columns;
    const row = <usize>((min(rows, Ci - ci) + 3) & ~3) << 2;
    const rowY = <usize>((min(columns, Co - co) + 7) & ~7) << 2;
    const own = sums + <usize>unit * winogradSumBytes(rows, columns);
    memory.fill(own, 0, winogradSumBytes(rows, columns));
    const last = min((share + 1) * unitBlocks, blocks);
    for (let block = share * unitBlocks; block < last; block++) {
      const first = block % tileBlocks * unitTiles;
      const count = min(unitTiles, tiles - first);
      const n = block / tileBlocks / stepBlocks;
      const s0 = (block / tileBlocks - n * stepBlocks) * unitSteps;
      const s1 = min(s0 + unitSteps, steps);
      const source = x + <usize>n * sample + (<usize>ci << 2);
      for (let s = s0; s < s1; s++) {
        loadPlanes(source, D, H, W, voxel, row, s, s == s0, first, count, across, pd, ph, pw, ring, position, patch);
        const plane = dy + <usize>(n * OD + s * 2) * planeY + (<usize>co << 2);
        tileGradient(plane, OH, OW, voxelY, rowY, first, count, across, gradient, positionY);
        if (s * 2 + 1 == OD) memory.fill(gradient + slotY, 0, slotY);
        else tileGradient(plane + planeY, OH, OW, voxelY, rowY, first, count, across, gradient + slotY, positionY);
        // Bᵀ and A along depth, a position after the other; the two minus signs of the last cancel.
        const a = ring + <usize>(s * 2 & 3) * slot, b = a + slot, c = ring + <usize>(s * 2 + 2 & 3) * slot, d = c + slot;
        subtract(a, c, mixed, slot);
        products(mixed, gradient, own, position, positionY, sum, row, rowY, count);
        add(b, c, mixed, slot);
        add(gradient, gradient + slotY, mixedY, slotY);
        products(mixed, mixedY, own + sum * 16, position, positionY, sum, row, rowY, count);
        subtract(c, b, mixed, slot);
        subtract(gradient, gradient + slotY, mixedY, slotY);
        products(mixed, mixedY, own + sum * 32, position, positionY, sum, row, rowY, count);
        subtract(d, b, mixed, slot);
        products(mixed, gradient + slotY, own + sum * 48, position, positionY, sum, row, rowY, count);
      }
    }
  }
}

/** Bytes of the sums of a unit, [64 positions][rows][columns]. */
export function winogradSumBytes(rows: i32, columns: i32): usize {
  return positionBytes(rows, <usize>columns << 2) * 64;
}

/** Bytes of scratch memory that a thread needs. */
export function winogradGradScratch(rows: i32, columns: i32, unitTiles: i32): usize {
  return (<usize>rows << 6) + positionBytes(unitTiles, <usize>rows << 2) * 80 + positionBytes(unitTiles, <usize>columns << 2) * 48;
}

/** A dY Aᵀ of 2×2 tiles of the plane dy [H, W] of `voxel` bytes, laid out as tileInput does; zeros beyond the plane. */
function tileGradient(
  dy: usize, H: i32, W: i32, voxel: usize, row: usize, first: i32, count: i32, across: i32, to: usize, position: usize,
): void {
  const line = <usize>W * voxel;
  let i = first / across;
  let j = first - i * across;
  for (let t = 0; t < count; t++) {
    const at = dy + <usize>(2 * i) * line + <usize>(2 * j) * voxel;
    gradientTile(at, line, voxel, 2 * i + 1 < H, 2 * j + 1 < W, to, position, row);
    to += row;
    if (++j == across) {
      j = 0;
      i++;
    }
  }
}

// @ts-ignore: decorator
@inline
function gradientTile(dy: usize, line: usize, voxel: usize, below: bool, beside: bool, to: usize, position: usize, row: usize): void {
  const zero = f32x4.splat(0);
  for (const end = dy + row; dy < end; dy += 16) {
    const a = v128.load(dy);
    const b = beside ? v128.load(dy + voxel) : zero;
    const c = below ? v128.load(dy + line) : zero;
    const d = below && beside ? v128.load(dy + line + voxel) : zero;
    gradientRow(a, b, to, position);
    gradientRow(f32x4.add(a, c), f32x4.add(b, d), to + position * 4, position);
    gradientRow(f32x4.sub(a, c), f32x4.sub(b, d), to + position * 8, position);
    gradientRow(f32x4.neg(c), f32x4.neg(d), to + position * 12, position);
    to += 16;
  }
}

// @ts-ignore: decorator
@inline
function gradientRow(a: v128, b: v128, to: usize, position: usize): void {
  v128.store(to, a);
  v128.store(to + position, f32x4.add(a, b));
  v128.store(to + position * 2, f32x4.sub(a, b));
  v128.store(to + position * 3, f32x4.neg(b));
}

function add(a: usize, b: usize, to: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
}

function subtract(a: usize, b: usize, to: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, f32x4.sub(v128.load(a + i), v128.load(b + i)));
}

/** For 16 positions: sums [row][rowY] += xᵀ · y over `count` tiles. */
function products(
  x: usize, y: usize, sums: usize, position: usize, positionY: usize, sum: usize, row: usize, rowY: usize, count: i32,
): void {
  for (let p = 0; p < 16; p++) {
    const end = x + <usize>count * row;
    for (let c: usize = 0; c < rowY; c += 32) {
      for (let r: usize = 0; r < row; r += 16) block(x + r, end, row, y + c, rowY, sums + (r >> 2) * rowY + c);
    }
    x += position;
    y += positionY;
    sums += sum;
  }
}

/** 4 source × 8 gradient channels. */
// @ts-ignore: decorator
@inline
function block(x: usize, end: usize, row: usize, y: usize, rowY: usize, at: usize): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
  while (x < end) {
    const g0 = v128.load(y), g1 = v128.load(y, 16);
    const s0 = v128.load32_splat(x), s1 = v128.load32_splat(x, 4), s2 = v128.load32_splat(x, 8), s3 = v128.load32_splat(x, 12);
    a0 = madd(s0, g0, a0); a1 = madd(s0, g1, a1);
    b0 = madd(s1, g0, b0); b1 = madd(s1, g1, b1);
    c0 = madd(s2, g0, c0); c1 = madd(s2, g1, c1);
    d0 = madd(s3, g0, d0); d1 = madd(s3, g1, d1);
    x += row; y += rowY;
  }
  add2(at, a0, a1);
  add2(at + rowY, b0, b1);
  add2(at + rowY * 2, c0, c1);
  add2(at + rowY * 3, d0, d1);
}

/**
 * dw [27, Ci, Co] from the sums of winogradGrad, which it uses up. A unit of work is four source channels of a pair of channel
 * blocks: units from … to − 1 of pairs · rows / 4.
 */
export function winogradGradEnd(
  sums: usize, dw: usize, Ci: i32, Co: i32, rows: i32, columns: i32, shares: i32, from: i32, to: i32, thread: i32,
): void {
  const pairsAcross = (Co + columns - 1) / columns;
  const position = positionBytes(rows, <usize>columns << 2), bytes = position * 64;
  const tap = <usize>(Ci * Co) << 2;
  for (let unit = from; unit < to; unit++) {
    const pair = unit / (rows >> 2);
    const ci = pair / pairsAcross * rows, co = pair % pairsAcross * columns;
    const rowY = <usize>((min(columns, Co - co) + 7) & ~7) << 2;
    const r0 = (unit - pair * (rows >> 2)) * 4;
    const r1 = min(r0 + 4, Ci - ci);
    for (let r = r0; r < r1; r++) {
      for (let c = co; c < min(co + columns, Co); c += 4) {
        const at = sums + <usize>(pair * shares) * bytes + <usize>r * rowY + (<usize>(c - co) << 2);
        addShares(at, position, shares, bytes);
        for (let p: usize = 0; p < 16; p++) reduce(at + p * position, position * 16);
        for (let p: usize = 0; p < 48; p++) if ((p & 12) == 0) reduce(at + p * position, position * 4);
        let out = dw + (<usize>((ci + r) * Co + c) << 2);
        for (let line: usize = 0; line < 48; line += 4) {
          if ((line & 12) == 12) continue;
          const place = at + line * position;
          reduce(place, position);
          for (let e: usize = 0; e < 3; e++) {
            storeLanes(out, v128.load(place + e * position), Co - c);
            out += tap;
          }
        }
      }
    }
  }
}

/** Adds a vector of all 64 positions over the shares into the first. */
// @ts-ignore: decorator
@inline
function addShares(at: usize, position: usize, shares: i32, bytes: usize): void {
  for (let p = 0; p < 64; p++) {
    let from = at;
    let sum = v128.load(from);
    for (let i = 1; i < shares; i++) sum = f32x4.add(sum, v128.load(from += bytes));
    v128.store(at, sum);
    at += position;
  }
}

/** Gᵀ: (a, b, c, d) to (a + (b + c) / 2, (b − c) / 2, (b + c) / 2 + d), in place. */
// @ts-ignore: decorator
@inline
function reduce(at: usize, step: usize): void {
  const half = f32x4.splat(0.5);
  const b = f32x4.mul(v128.load(at + step), half), c = f32x4.mul(v128.load(at + step * 2), half);
  const s = f32x4.add(b, c);
  v128.store(at, f32x4.add(v128.load(at), s));
  v128.store(at + step, f32x4.sub(b, c));
  v128.store(at + step * 2, f32x4.add(s, v128.load(at + step * 3)));
}
