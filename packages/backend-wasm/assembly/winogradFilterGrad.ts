// Filter gradient of Winograd's convolution: dW = Gᵀ[Σ over tiles (BᵀXB) ⊙ (A dY Aᵀ)]G, for each position a matrix product over
// tiles. A has the rows (1, 0), (1, 1), (1, −1), (0, −1).
//
// A unit of work is a pair of channel blocks, source × gradient, and a share of the tiles: it slides along depth like `winograd` and
// has sums of its own, which stay in the second cache level; winogradFilterSums adds them in the order of the shares.
import { madd } from './simd';
import { tileInput } from './winogradTiles';

/**
 * Adds up units from … to − 1 of pairs · ceil(blocks / unitBlocks), where pairs = ceil(Ci / channels) · ceil(Co / channels) and
 * blocks = N · ceil(steps / unitSteps) · ceil(tiles / unitTiles); steps and tiles as for `winograd`. The shares of one pair of
 * channel blocks are neighbours.
 * @param x [N, D, H, W, Ci]; @param dy [N, OD, OH, OW, Co]
 * @param sums winogradSumBytes for each unit
 * @param channels a multiple of 8
 * @param scratch winogradGradScratch bytes for each thread
 */
export function winogradFilterGrad(
  x: usize, dy: usize, sums: usize, N: i32, D: i32, H: i32, W: i32, Ci: i32, OD: i32, OH: i32, OW: i32, Co: i32,
  pd: i32, ph: i32, pw: i32, deep: i32, channels: i32, unitSteps: i32, unitTiles: i32, unitBlocks: i32,
  scratch: usize, from: i32, to: i32, thread: i32,
): void {
  const stride = deep ? 2 : 1, reach = deep ? 4 : 3, ringMask = 3;
  const across = (OW + 1) >> 1;
  const tiles = ((OH + 1) >> 1) * across;
  const steps = deep ? (OD + 1) >> 1 : OD;
  const tileBlocks = (tiles + unitTiles - 1) / unitTiles;
  const stepBlocks = (steps + unitSteps - 1) / unitSteps;
  const blocks = N * stepBlocks * tileBlocks;
  const shares = (blocks + unitBlocks - 1) / unitBlocks;
  const pairsAcross = (Co + channels - 1) / channels;
  const voxel = <usize>Ci << 2, voxelY = <usize>Co << 2;
  const plane = <usize>(H * W) * voxel, planeY = <usize>(OH * OW) * voxelY;
  const position = positionBytes(channels, unitTiles);
  const slot = position * 16;
  const sum = sumBytes(channels);

  const patch = scratch + <usize>thread * winogradGradScratch(deep, channels, unitTiles);
  const ring = patch + (<usize>channels << 6);
  const ringY = ring + slot * 4;
  const mixed = ringY + slot * 2, mixedY = mixed + slot;

  for (let unit = from; unit < to; unit++) {
    const pair = unit / shares;
    const share = unit - pair * shares;
    const ci = pair / pairsAcross * channels, co = pair % pairsAcross * channels;
    const row = <usize>((min(channels, Ci - ci) + 3) & ~3) << 2;
    const rowY = <usize>((min(channels, Co - co) + 7) & ~7) << 2;
    const own = sums + <usize>unit * winogradSumBytes(deep, channels);
    memory.fill(own, 0, winogradSumBytes(deep, channels));
    const last = min((share + 1) * unitBlocks, blocks);
    for (let block = share * unitBlocks; block < last; block++) {
      const first = (block % tileBlocks) * unitTiles;
      const count = min(unitTiles, tiles - first);
      const n = block / tileBlocks / stepBlocks;
      const s0 = (block / tileBlocks - n * stepBlocks) * unitSteps;
      const s1 = min(s0 + unitSteps, steps);
      for (let s = s0; s < s1; s++) {
        for (let a = s == s0 ? 0 : reach - stride; a < reach; a++) {
          const d = s * stride + a - pd;
          const at = ring + <usize>((s * stride + a) & ringMask) * slot;
          const from = x + <usize>(n * D + d) * plane + (<usize>ci << 2);
          if (d >= 0 && d < D) tileInput(from, H, W, voxel, row, first, count, across, ph, pw, at, position, patch);
          else if (deep) memory.fill(at, 0, slot);
        }
        for (let a = 0; a < stride; a++) {
          const d = s * stride + a;
          const from = dy + <usize>(n * OD + d) * planeY + (<usize>co << 2);
          if (d < OD) tileGradient(from, OH, OW, voxelY, rowY, first, count, across, ringY + <usize>a * slot, position);
          else memory.fill(ringY + slot, 0, slot);
        }
        if (deep) {
          const near = ring + <usize>(s * 2 & ringMask) * slot, far = ring + <usize>((s * 2 & ringMask) ^ 2) * slot;
          subtract(near, far, mixed, slot);
          products(mixed, ringY, own, position, sum, row, rowY, count);
          add(near + slot, far, mixed, slot);
          add(ringY, ringY + slot, mixedY, slot);
          products(mixed, mixedY, own + sum * 16, position, sum, row, rowY, count);
          subtract(far, near + slot, mixed, slot);
          subtract(ringY, ringY + slot, mixedY, slot);
          products(mixed, mixedY, own + sum * 32, position, sum, row, rowY, count);
          subtract(far + slot, near + slot, mixed, slot);
          products(mixed, ringY + slot, own + sum * 48, position, sum, row, rowY, count);
        } else {
          for (let a = 0; a < 3; a++) {
            const d = s + a - pd;
            const at = ring + <usize>((s + a) & ringMask) * slot;
            if (d >= 0 && d < D) products(at, ringY, own + sum * <usize>(a * 16), position, sum, row, rowY, count);
          }
        }
      }
    }
  }
}

/** Bytes of the sums of a unit: [3 depth taps, or 4 positions where `deep`][16 positions][channels][channels]. */
export function winogradSumBytes(deep: i32, channels: i32): usize {
  return sumBytes(channels) * (deep ? 64 : 48);
}

/** Bytes of scratch memory that a thread needs. */
export function winogradGradScratch(deep: i32, channels: i32, unitTiles: i32): usize {
  return (<usize>channels << 6) + positionBytes(channels, unitTiles) * (16 * 8);
}

// The 64 bytes more keep positions from falling into the same sets of the caches.
// @ts-ignore: decorator
@inline
function positionBytes(channels: i32, unitTiles: i32): usize {
  return (<usize>(channels * unitTiles) << 2) + 64;
}

// @ts-ignore: decorator
@inline
function sumBytes(channels: i32): usize {
  return (<usize>(channels * channels) << 2) + 64;
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
  for (let i: usize = 0; i < row; i += 16) {
    const at = dy + i;
    const a = v128.load(at);
    const b = beside ? v128.load(at + voxel) : zero;
    const c = below ? v128.load(at + line) : zero;
    const d = below && beside ? v128.load(at + line + voxel) : zero;
    gradientRow(a, b, to + i, position);
    gradientRow(f32x4.add(a, c), f32x4.add(b, d), to + i + position * 4, position);
    gradientRow(f32x4.sub(a, c), f32x4.sub(b, d), to + i + position * 8, position);
    gradientRow(f32x4.neg(c), f32x4.neg(d), to + i + position * 12, position);
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
function products(x: usize, y: usize, sums: usize, position: usize, sum: usize, row: usize, rowY: usize, count: i32): void {
  for (let p = 0; p < 16; p++) {
    const end = x + <usize>count * row;
    for (let c: usize = 0; c < rowY; c += 32) {
      for (let r: usize = 0; r < row; r += 16) block(x + r, end, row, y + c, rowY, sums + (r >> 2) * rowY + c);
    }
    x += position;
    y += position;
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
  accumulate(at, a0, a1);
  accumulate(at + rowY, b0, b1);
  accumulate(at + rowY * 2, c0, c1);
  accumulate(at + rowY * 3, d0, d1);
}

// @ts-ignore: decorator
@inline
function accumulate(at: usize, low: v128, high: v128): void {
  v128.store(at, f32x4.add(v128.load(at), low));
  v128.store(at, f32x4.add(v128.load(at, 16), high), 16);
}
