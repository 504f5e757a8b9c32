// Winograd's F(2×2, 3×3): a 2×2 tile of outputs from 4×4 inputs with 16 multiplications instead of 36 (Lavin and Gray 2016). The
// three taps along depth are summed directly, or, where `deep`, are F(2, 3) as well: 64 instead of 216 for 2×2×2 outputs.
//
// A unit of work is a block of tiles, in the plane, through some steps along depth. It keeps the last transformed planes in a ring
// in scratch memory, laid out [16 positions][tile][channel], so that each position is a matrix product over tiles.
import { madd, storeLanes } from './simd';
import { combine, fold, tileInput } from './winogradTiles';

/**
 * y = conv(x, filter of 3×3×3, stride 1) + bias for units from … to − 1 of N · ceil(steps / unitSteps) · ceil(tiles / unitTiles),
 * where steps = OD (deep: ceil(OD / 2)) and tiles = ceil(OH / 2) · ceil(OW / 2).
 * @param x [N, D, H, W, Ci]; @param y [N, OD, OH, OW, Co]; output (0, 0, 0) sees inputs from (−pd, −ph, −pw)
 * @param u filter as winogradFilter made it
 * @param bias Co floats, rounded up to 8
 * @param unitTiles a multiple of 4
 * @param scratch winogradScratch bytes for each thread
 */
export function winograd(
  x: usize, u: usize, bias: usize, y: usize, N: i32, D: i32, H: i32, W: i32, Ci: i32, OD: i32, OH: i32, OW: i32, Co: i32,
  pd: i32, ph: i32, pw: i32, deep: i32, unitSteps: i32, unitTiles: i32, scratch: usize, from: i32, to: i32, thread: i32,
): void {
  const stride = deep ? 2 : 1, reach = deep ? 4 : 3, ringMask = 3;
  const positions = deep ? 64 : 16, taps = deep ? 1 : 3;
  const across = (OW + 1) >> 1;
  const tiles = ((OH + 1) >> 1) * across;
  const steps = deep ? (OD + 1) >> 1 : OD;
  const tileBlocks = (tiles + unitTiles - 1) / unitTiles;
  const stepBlocks = (steps + unitSteps - 1) / unitSteps;
  const row = <usize>((Ci + 3) & ~3) << 2;
  const position = <usize>unitTiles * row + 64;
  const slot = position * 16;
  const runBytes = <usize>Ci << 2, share = runBytes * 8 + 64;
  const inPlane = <usize>(H * W * Ci) << 2, outPlane = <usize>(OH * OW * Co) << 2;

  const table = scratch + <usize>thread * winogradScratch(Ci, deep, unitTiles);
  const patch = table + 64;
  const ring = patch + 16 * row;
  const deepInput = ring + 4 * slot;
  const products = deepInput + (deep ? 4 * slot : 0);
  const product = <usize>unitTiles << 5;

  for (let unit = from; unit < to; unit++) {
    const first = (unit % tileBlocks) * unitTiles;
    const count = min(unitTiles, tiles - first);
    const block = unit / tileBlocks;
    const n = block / stepBlocks;
    const s0 = (block - n * stepBlocks) * unitSteps;
    const s1 = min(s0 + unitSteps, steps);
    for (let s = s0; s < s1; s++) {
      for (let a = s == s0 ? 0 : reach - stride; a < reach; a++) {
        const d = s * stride + a - pd;
        const at = ring + <usize>((s * stride + a) & ringMask) * slot;
        if (d >= 0 && d < D) tileInput(x + <usize>(n * D + d) * inPlane, H, W, runBytes, row, first, count, across, ph, pw, at, position, patch);
        else if (deep) memory.fill(at, 0, slot);
      }
      // Where the matrix products read (a plane of the ring) and which part of the filter: planes of padding are left out.
      let end = table;
      if (deep) {
        combine(ring, deepInput, slot, (s * 2) & ringMask);
        store<u32>(end, <u32>deepInput);
        store<u32>(end, 0, 4);
        end += 8;
      } else {
        for (let a = 0; a < 3; a++) {
          const d = s + a - pd;
          if (d < 0 || d >= D) continue;
          store<u32>(end, <u32>(ring + <usize>((s + a) & ringMask) * slot));
          store<u32>(end, a * <i32>share, 4);
          end += 8;
        }
      }
      const weights = <usize>taps * share;
      for (let c = 0; c < Co; c += 8) {
        for (let p = 0; p < positions; p++) {
          const w = u + <usize>((c >> 3) * positions + p) * weights;
          multiply(table, end, <usize>p * position, row, count, runBytes, w, products + <usize>p * product);
        }
        if (deep) fold(products, 16 * product);
        const at = y + <usize>(n * OD + s * stride) * outPlane + (<usize>c << 2);
        tileOutput(products, product, bias + (<usize>c << 2), at, first, count, across, OH, OW, Co, Co - c);
        if (deep && s * 2 + 1 < OD) {
          tileOutput(products + 16 * product, product, bias + (<usize>c << 2), at + outPlane, first, count, across, OH, OW, Co, Co - c);
        }
      }
    }
  }
}

/** Bytes of scratch memory that a thread needs. */
export function winogradScratch(Ci: i32, deep: i32, unitTiles: i32): usize {
  const row = <usize>((Ci + 3) & ~3) << 2;
  const positions = deep ? 128 : 64;
  return 64 + 16 * row + <usize>unitTiles * (row * positions + (deep ? 64 : 16) * 32) + positions * 64;
}

/** One position's products, [tiles][8 channels] = Σ over the table's (source, weights) of [tiles][run] · [run][8]. */
// @ts-ignore: decorator
@inline
function multiply(table: usize, end: usize, offset: usize, row: usize, count: i32, runBytes: usize, weights: usize, to: usize): void {
  for (let t = 0; t < count; t += 4) {
    const start = <usize>t * row + offset;
    const zero = f32x4.splat(0);
    let a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
    for (let e = table; e < end; e += 8) {
      let p0 = <usize>load<u32>(e) + start;
      let w = weights + <usize>load<u32>(e, 4);
      let p1 = p0 + row, p2 = p1 + row, p3 = p2 + row;
      for (const stop = p0 + runBytes; p0 < stop; p0 += 4) {
        const w0 = v128.load(w), w1 = v128.load(w, 16);
        const s0 = v128.load32_splat(p0), s1 = v128.load32_splat(p1), s2 = v128.load32_splat(p2), s3 = v128.load32_splat(p3);
        a0 = madd(s0, w0, a0); a1 = madd(s0, w1, a1);
        b0 = madd(s1, w0, b0); b1 = madd(s1, w1, b1);
        c0 = madd(s2, w0, c0); c1 = madd(s2, w1, c1);
        d0 = madd(s3, w0, d0); d1 = madd(s3, w1, d1);
        w += 32; p1 += 4; p2 += 4; p3 += 4;
      }
    }
    v128.store(to, a0); v128.store(to, a1, 16);
    v128.store(to, b0, 32); v128.store(to, b1, 48);
    v128.store(to, c0, 64); v128.store(to, c1, 80);
    v128.store(to, d0, 96); v128.store(to, d1, 112);
    to += 128;
  }
}

/** AᵀMA + bias of `count` tiles and up to 8 channels, written where the plane [H, W] has such voxels. */
function tileOutput(
  products: usize, product: usize, bias: usize, y: usize, first: i32, count: i32, across: i32, H: i32, W: i32, Co: i32, left: i32,
): void {
  const voxel = <usize>Co << 2;
  let i = first / across;
  let j = first - i * across;
  for (let t = 0; t < count; t++) {
    const at = y + <usize>((2 * i) * W + 2 * j) * voxel;
    const below = 2 * i + 1 < H ? at + <usize>W * voxel : 0;
    const beside = 2 * j + 1 < W;
    output4(products, product, bias, at, below, beside ? voxel : 0, left);
    if (left > 4) output4(products + 16, product, bias + 16, at + 16, below ? below + 16 : 0, beside ? voxel : 0, left - 4);
    products += 32;
    if (++j == across) {
      j = 0;
      i++;
    }
  }
}

/** The same for one tile and up to 4 channels; `below` and `voxel` are 0 where there is no second row or column. */
// @ts-ignore: decorator
@inline
function output4(from: usize, position: usize, bias: usize, at: usize, below: usize, voxel: usize, left: i32): void {
  const b = v128.load(bias);
  let m0 = v128.load(from), m1 = v128.load(from + position * 4), m2 = v128.load(from + position * 8), m3 = v128.load(from + position * 12);
  let s = f32x4.add(m1, m2), t = f32x4.sub(m1, m2);
  let y00 = f32x4.add(f32x4.add(m0, s), b), y10 = f32x4.add(f32x4.sub(t, m3), b);
  from += position;
  m0 = v128.load(from); m1 = v128.load(from + position * 4); m2 = v128.load(from + position * 8); m3 = v128.load(from + position * 12);
  s = f32x4.add(m1, m2); t = f32x4.sub(m1, m2);
  m0 = f32x4.add(m0, s); m3 = f32x4.sub(t, m3);
  y00 = f32x4.add(y00, m0); y10 = f32x4.add(y10, m3);
  let y01 = f32x4.add(m0, b), y11 = f32x4.add(m3, b);
  from += position;
  m0 = v128.load(from); m1 = v128.load(from + position * 4); m2 = v128.load(from + position * 8); m3 = v128.load(from + position * 12);
  s = f32x4.add(m1, m2); t = f32x4.sub(m1, m2);
  m0 = f32x4.add(m0, s); m3 = f32x4.sub(t, m3);
  storeLanes(at, f32x4.add(y00, m0), left);
  if (below) storeLanes(below, f32x4.add(y10, m3), left);
  if (!voxel) return;
  y01 = f32x4.sub(y01, m0); y11 = f32x4.sub(y11, m3);
  from += position;
  m0 = v128.load(from); m1 = v128.load(from + position * 4); m2 = v128.load(from + position * 8); m3 = v128.load(from + position * 12);
  s = f32x4.add(m1, m2); t = f32x4.sub(m1, m2);
  storeLanes(at + voxel, f32x4.sub(y01, f32x4.add(m0, s)), left);
  if (below) storeLanes(below + voxel, f32x4.sub(y11, f32x4.sub(t, m3)), left);
}
