// What losses over [rows, classes] share: four rows at a time, a lane each.
import { exp } from './transcendental';

/** A block of four rows as {@link softmaxRows} leaves it: the exponentials of the classes, then these. */
const REST = 0, PICKED = 16, OTHERS = 32, BEST = 48, MAX = 64;

/** Bytes of such a block. */
// @ts-ignore: decorator
@inline
export function blockBytes(classes: i32): usize {
  return (<usize>classes + 5) << 4;
}

/** Lanes 0 … count − 1. */
// @ts-ignore: decorator
@inline
export function laneMask(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** One float of each of four rows. */
// @ts-ignore: decorator
@inline
export function loadRows(r0: usize, r1: usize, r2: usize, r3: usize): v128 {
  let x = v128.load32_zero(r0);
  x = v128.load32_lane(r1, x, 1);
  x = v128.load32_lane(r2, x, 2);
  return v128.load32_lane(r3, x, 3);
}

/** Writes one float of each of the first `count` of four rows, which lie `stride` bytes apart. */
// @ts-ignore: decorator
@inline
export function storeRows(at: usize, stride: usize, value: v128, count: i32): void {
  v128.store32_lane(at, value, 0);
  if (count > 1) v128.store32_lane(at + stride, value, 1);
  if (count > 2) v128.store32_lane(at + 2 * stride, value, 2);
  if (count > 3) v128.store32_lane(at + 3 * stride, value, 3);
}

/**
 * The softmax of four rows, unscaled: for class c its exponential e_c = e^(x_c − max x), and then the sum of these without one that
 * is 1 (so that nothing small is lost beside it), the largest x and its class, the x of the label, and the sum of e_c of the other classes.
 * `labels` points to the rows' four.
 */
export function softmaxRows(r0: usize, r1: usize, r2: usize, r3: usize, classes: i32, labels: usize, block: usize): void {
  const label = v128.load(labels);
  if (classes == 2) {
    twoClasses(loadRows(r0, r1, r2, r3), loadRows(r0 + 4, r1 + 4, r2 + 4, r3 + 4), label, block);
    return;
  }
  const bytes = <usize>classes << 2;
  let max = loadRows(r0, r1, r2, r3);
  for (let c: usize = 4; c < bytes; c += 4) max = f32x4.max(max, loadRows(r0 + c, r1 + c, r2 + c, r3 + c));
  let rest = f32x4.splat(0), picked = rest, others = rest;
  let best = i32x4.splat(-1);
  let at = block;
  for (let c = 0; c < classes; c++, at += 16) {
    const o = <usize>c << 2;
    const x = loadRows(r0 + o, r1 + o, r2 + o, r3 + o);
    const e = exp(f32x4.sub(x, max));
    v128.store(at, e);
    const mine = i32x4.eq(label, i32x4.splat(c));
    picked = v128.bitselect(x, picked, mine);
    others = f32x4.add(others, v128.andnot(e, mine));
    const first = v128.and(f32x4.eq(x, max), i32x4.lt_s(best, i32x4.splat(0)));
    best = v128.bitselect(i32x4.splat(c), best, first);
    rest = f32x4.add(rest, v128.andnot(e, first));
  }
  v128.store(at, rest, REST);
  v128.store(at, picked, PICKED);
  v128.store(at, others, OTHERS);
  v128.store(at, best, BEST);
  v128.store(at, max, MAX);
}

/** The softmax of rows row … row + 3, the last row again beyond `end`; `labels` points to theirs. */
// @ts-ignore: decorator
@inline
export function fourRows(x: usize, row: i32, end: i32, classes: i32, labels: usize, block: usize): void {
  const bytes = <usize>classes << 2;
  const at = x + <usize>row * bytes, last = x + <usize>(end - 1) * bytes;
  softmaxRows(at, min(at + bytes, last), min(at + 2 * bytes, last), min(at + 3 * bytes, last), classes, labels, block);
}

/** The common case, with one exponential. */
// @ts-ignore: decorator
@inline
function twoClasses(x0: v128, x1: v128, label: v128, block: usize): void {
  const e = exp(f32x4.neg(f32x4.abs(f32x4.sub(x1, x0))));
  const second = f32x4.gt(x1, x0), isSecond = i32x4.eq(label, i32x4.splat(1));
  const e0 = v128.bitselect(e, f32x4.splat(1), second), e1 = v128.bitselect(f32x4.splat(1), e, second);
  v128.store(block, e0);
  v128.store(block, e1, 16);
  v128.store(block, e, 32 + REST);
  v128.store(block, v128.bitselect(x1, x0, isSecond), 32 + PICKED);
  v128.store(block, v128.bitselect(e0, e1, isSecond), 32 + OTHERS);
  v128.store(block, v128.and(second, i32x4.splat(1)), 32 + BEST);
  v128.store(block, f32x4.max(x0, x1), 32 + MAX);
}

/** Σ e_c without one that is 1. */
// @ts-ignore: decorator
@inline
export function restOf(block: usize, classes: i32): v128 {
  return v128.load(block + (<usize>classes << 4), REST);
}

/** The largest x less that of the label. */
// @ts-ignore: decorator
@inline
export function gapOf(block: usize, classes: i32): v128 {
  const at = block + (<usize>classes << 4);
  return f32x4.sub(v128.load(at, MAX), v128.load(at, PICKED));
}

/** Σ e_c of the classes that are not the label. */
// @ts-ignore: decorator
@inline
export function othersOf(block: usize, classes: i32): v128 {
  return v128.load(block + (<usize>classes << 4), OTHERS);
}

/** The class with the largest x, the first of several. */
// @ts-ignore: decorator
@inline
export function bestOf(block: usize, classes: i32): v128 {
  return v128.load(block + (<usize>classes << 4), BEST);
}
