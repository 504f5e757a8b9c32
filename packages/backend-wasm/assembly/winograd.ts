// Winograd's F(2×2×2, 3×3×3): 2×2×2 outputs from 4×4×4 inputs with 64 multiplications instead of 216 (Winograd 1980; Lavin and Gray
// 2016). The transforms along the three axes are in winogradTiles.ts; here each of the 64 positions is a matrix product over tiles.
//
// A unit of work is a block of tiles, in the plane, through some steps along depth, two outputs each, and a range of output channels.
// It stays in the second cache level.
import { madd, storeLanes } from './simd';
import { combine, fold, loadPlanes, positionBytes } from './winogradTiles';

/** The position whose product reaches all outputs of a tile with a plus. */
const MIDDLE: i32 = 21;

/**
 * y = conv(x, filter of 3×3×3, stride 1) + bias for units from … to − 1 of
 * N · ceil(steps / unitSteps) · ceil(tiles / unitTiles) · ceil(Co / unitChannels), steps = ceil(OD / 2), tiles = ceil(OH / 2) · ceil(OW / 2).
 * @param x [N, D, H, W, Ci]; @param y [N, OD, OH, OW, Co]; output (0, 0, 0) sees inputs from (−pd, −ph, −pw) on
 * @param u filter as winogradFilter makes it
 * @param bias Co floats, rounded up to 8
 * @param unitTiles a multiple of 4; @param unitChannels a multiple of 8
 * @param scratch winogradScratch bytes for each thread
 */
export function winograd(
  x: usize, u: usize, bias: usize, y: usize, D: i32, H: i32, W: i32, Ci: i32, OD: i32, OH: i32, OW: i32, Co: i32,
  pd: i32, ph: i32, pw: i32, unitSteps: i32, unitTiles: i32, unitChannels: i32, scratch: usize, from: i32, to: i32, thread: i32,
): void {
  const across = (OW + 1) >> 1;
  const tiles = ((OH + 1) >> 1) * across;
  const steps = (OD + 1) >> 1;
  const tileBlocks = (tiles + unitTiles - 1) / unitTiles;
  const stepBlocks = (steps + unitSteps - 1) / unitSteps;
  const channelBlocks = (Co + unitChannels - 1) / unitChannels;
  const voxel = <usize>Ci << 2, row = (voxel + 15) & ~15;
  const position = positionBytes(unitTiles, row);
  const sample = <usize>(D * H * W) * voxel, plane = <usize>(OH * OW * Co) << 2;
  const weights = positionBytes(8, voxel);

  const none = scratch + <usize>thread * winogradScratch(Ci, unitTiles);
  const patch = none + 64;
  const ring = patch + row * 16;
  const mixed = ring + position * 64;
  const products = mixed + position * 64;
  const product = <usize>unitTiles << 5;
  memory.fill(none, 0, 32);

  for (let unit = from; unit < to; unit++) {
    let block = unit / channelBlocks;
    const c0 = (unit - block * channelBlocks) * unitChannels;
    const c1 = min(c0 + unitChannels, Co);
    const first = block % tileBlocks * unitTiles;
    const count = min(unitTiles, tiles - first);
    block /= tileBlocks;
    const n = block / stepBlocks;
    const s0 = (block - n * stepBlocks) * unitSteps;
    const s1 = min(s0 + unitSteps, steps);
    for (let s = s0; s < s1; s++) {
      loadPlanes(x + <usize>n * sample, D, H, W, voxel, row, s, s == s0, first, count, across, pd, ph, pw, ring, position, patch);
      combine(ring, s, mixed, position * 16);
      for (let c = c0; c < c1; c += 8) {
        let w = u + <usize>(c >> 3) * weights * 64;
        const b = bias + (<usize>c << 2);
        for (let p = 0; p < 64; p++) {
          multiply(mixed + <usize>p * position, row, count, voxel, w, p == MIDDLE ? b : none, products + <usize>p * product);
          w += weights;
        }
        fold(products, product * 16);
        const at = y + <usize>(n * OD + s * 2) * plane + (<usize>c << 2);
        tileOutput(products, product, at, first, count, across, OH, OW, Co, Co - c);
        if (s * 2 + 1 < OD) tileOutput(products + product * 16, product, at + plane, first, count, across, OH, OW, Co, Co - c);
      }
    }
  }
}

/** Bytes of scratch memory that a thread needs. */
export function winogradScratch(Ci: i32, unitTiles: i32): usize {
  const row = ((<usize>Ci << 2) + 15) & ~15;
  return 64 + row * 16 + positionBytes(unitTiles, row) * 128 + (<usize>unitTiles << 11);
}

/** A position's products: [tiles][8] = [tiles][run] · [run][8] + bias. Tiles beyond `count`, up to a multiple of 4, are garbage. */
// @ts-ignore: decorator
@inline
function multiply(x: usize, row: usize, count: i32, runBytes: usize, weights: usize, bias: usize, to: usize): void {
  for (let t = 0; t < count; t += 4) {
    let p0 = x, p1 = p0 + row, p2 = p1 + row, p3 = p2 + row, w = weights;
    let a0 = v128.load(bias), a1 = v128.load(bias, 16);
    let b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;
    for (const end = p0 + runBytes; p0 < end; p0 += 4) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      const s0 = v128.load32_splat(p0), s1 = v128.load32_splat(p1), s2 = v128.load32_splat(p2), s3 = v128.load32_splat(p3);
      a0 = madd(s0, w0, a0); a1 = madd(s0, w1, a1);
      b0 = madd(s1, w0, b0); b1 = madd(s1, w1, b1);
      c0 = madd(s2, w0, c0); c1 = madd(s2, w1, c1);
      d0 = madd(s3, w0, d0); d1 = madd(s3, w1, d1);
      w += 32; p1 += 4; p2 += 4; p3 += 4;
    }
    v128.store(to, a0); v128.store(to, a1, 16);
    v128.store(to, b0, 32); v128.store(to, b1, 48);
    v128.store(to, c0, 64); v128.store(to, c1, 80);
    v128.store(to, d0, 96); v128.store(to, d1, 112);
    x += row * 4;
    to += 128;
  }
}

/** AᵀMA of `count` tiles and up to 8 channels, written where the plane [H, W] has such voxels. */
function tileOutput(products: usize, product: usize, y: usize, first: i32, count: i32, across: i32, H: i32, W: i32, Co: i32, left: i32): void {
  const voxel = <usize>Co << 2;
  let i = first / across;
  let j = first - i * across;
  for (let t = 0; t < count; t++) {
    const at = y + <usize>(2 * i * W + 2 * j) * voxel;
    const below = 2 * i + 1 < H ? <usize>W * voxel : 0;
    const beside = 2 * j + 1 < W ? voxel : 0;
    output4(products, product, at, below, beside, left);
    if (left > 4) output4(products + 16, product, at + 16, below, beside, left - 4);
    products += 32;
    if (++j == across) {
      j = 0;
      i++;
    }
  }
}

/** The same for one tile and up to 4 channels, column after column; `below` and `beside` are 0 where there is no such voxel. */
// @ts-ignore: decorator
@inline
function output4(from: usize, position: usize, at: usize, below: usize, beside: usize, left: i32): void {
  const line = position * 4;
  let a = v128.load(from), b = v128.load(from + line), c = v128.load(from + line * 2), d = v128.load(from + line * 3);
  const top0 = f32x4.add(f32x4.add(a, b), c), low0 = f32x4.sub(f32x4.sub(b, c), d);
  from += position;
  a = v128.load(from); b = v128.load(from + line); c = v128.load(from + line * 2); d = v128.load(from + line * 3);
  const top1 = f32x4.add(f32x4.add(a, b), c), low1 = f32x4.sub(f32x4.sub(b, c), d);
  from += position;
  a = v128.load(from); b = v128.load(from + line); c = v128.load(from + line * 2); d = v128.load(from + line * 3);
  const top2 = f32x4.add(f32x4.add(a, b), c), low2 = f32x4.sub(f32x4.sub(b, c), d);
  storeLanes(at, f32x4.add(f32x4.add(top0, top1), top2), left);
  if (below) storeLanes(at + below, f32x4.add(f32x4.add(low0, low1), low2), left);
  if (!beside) return;
  from += position;
  a = v128.load(from); b = v128.load(from + line); c = v128.load(from + line * 2); d = v128.load(from + line * 3);
  const top3 = f32x4.add(f32x4.add(a, b), c), low3 = f32x4.sub(f32x4.sub(b, c), d);
  storeLanes(at + beside, f32x4.sub(f32x4.sub(top1, top2), top3), left);
  if (below) storeLanes(at + below + beside, f32x4.sub(f32x4.sub(low1, low2), low3), left);
}
