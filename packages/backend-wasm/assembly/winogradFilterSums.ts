// The end of the filter gradient: adds the units' sums and takes Gᵀ of them along three axes (two, where depth is direct).
import { storeLanes } from './simd';
import { winogradSumBytes } from './winogradFilterGrad';

/**
 * dw [27, Ci, Co] from the sums of winogradFilterGrad (which it uses up). A unit of work is four source channels of a pair of
 * channel blocks: units from … to − 1 of pairs · channels / 4.
 */
export function winogradFilterSums(
  sums: usize, dw: usize, Ci: i32, Co: i32, deep: i32, channels: i32, shares: i32, from: i32, to: i32, thread: i32,
): void {
  const parts = deep ? 64 : 48;
  const pairsAcross = (Co + channels - 1) / channels;
  const bytes = winogradSumBytes(deep, channels);
  const position = bytes / parts;
  const groups = channels >> 2;
  const tap = <usize>(Ci * Co) << 2;
  for (let unit = from; unit < to; unit++) {
    const pair = unit / groups;
    const ci = pair / pairsAcross * channels, co = pair % pairsAcross * channels;
    const rowY = <usize>((min(channels, Co - co) + 7) & ~7) << 2;
    const r0 = (unit - pair * groups) * 4;
    const r1 = min(r0 + 4, Ci - ci);
    for (let r = r0; r < r1; r++) {
      for (let c = co; c < min(co + channels, Co); c += 4) {
        const at = sums + <usize>(pair * shares) * bytes + <usize>r * rowY + (<usize>(c - co) << 2);
        for (let p = 0; p < parts; p++) {
          let from = at + <usize>p * position;
          let sum = v128.load(from);
          for (let i = 1; i < shares; i++) sum = f32x4.add(sum, v128.load(from += bytes));
          v128.store(at + <usize>p * position, sum);
        }
        if (deep) for (let p = 0; p < 16; p++) reduce(at + <usize>p * position, position * 16);
        for (let a = 0; a < 3; a++) {
          const from = at + <usize>a * position * 16;
          for (let p = 0; p < 4; p++) reduce(from + <usize>p * position, position * 4);
          for (let b = 0; b < 3; b++) {
            const line = from + <usize>b * position * 4;
            reduce(line, position);
            const out = dw + <usize>(a * 9 + b * 3) * tap + (<usize>((ci + r) * Co + c) << 2);
            for (let e = 0; e < 3; e++) storeLanes(out + <usize>e * tap, v128.load(line + <usize>e * position), Co - c);
          }
        }
      }
    }
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
