// Softmax cross-entropy against class indices. Units are `unitRows` rows of [rows, classes]; a label that is no class is noted in
// `wrong` (a row for each unit, −1 for none).
import { blockBytes, fourRows, gapOf, laneMask, othersOf, restOf, storeRows } from './classes';
import { log1p } from './transcendental';
import { storeLanes } from './simd';

/** Above this float32 tells −log p from 0, as 1 + x is 1 for every smaller x. */
const POSITIVE: f32 = 5.9604644775390625e-8;

/** loss = log Σ exp(x) − x[label] of each row, 0 where the label is `ignore`. */
export function crossEntropy(
  x: usize, labels: usize, loss: usize, wrong: usize, scratch: usize,
  rows: i32, classes: i32, ignore: i32, unitRows: i32, from: i32, to: i32, thread: i32,
): void {
  const block = scratch + <usize>thread * blockBytes(classes);
  for (let unit = from; unit < to; unit++) {
    let bad = -1;
    const end = min((unit + 1) * unitRows, rows);
    for (let row = unit * unitRows; row < end; row += 4) {
      const label = v128.load(labels + (<usize>row << 2));
      fourRows(x, row, end, classes, labels + (<usize>row << 2), block);
      if (bad < 0) bad = wrongRow(label, classes, ignore, row, end);
      const l = v128.andnot(rowLoss(block, classes), i32x4.eq(label, i32x4.splat(ignore)));
      storeLanes(loss + (<usize>row << 2), l, end - row);
    }
    store<i32>(wrong + (<usize>unit << 2), bad);
  }
}

/** dx = dy·(softmax(x) − one-hot label), 0 where the label is `ignore`. */
export function crossEntropyGrad(
  dy: usize, x: usize, labels: usize, dx: usize, wrong: usize, scratch: usize,
  rows: i32, classes: i32, ignore: i32, unitRows: i32, from: i32, to: i32, thread: i32,
): void {
  const block = scratch + <usize>thread * blockBytes(classes);
  for (let unit = from; unit < to; unit++) {
    let bad = -1;
    const end = min((unit + 1) * unitRows, rows);
    for (let row = unit * unitRows; row < end; row += 4) {
      const label = v128.load(labels + (<usize>row << 2));
      if (bad < 0) bad = wrongRow(label, classes, ignore, row, end);
      rowGrad(v128.load(dy + (<usize>row << 2)), x, row, end, classes, labels, ignore, dx, block);
    }
    store<i32>(wrong + (<usize>unit << 2), bad);
  }
}

/**
 * [samples, parts, 3] float64: Σ loss, the number of rows whose loss is above 0 in float32, and of rows that are not ignored. A unit is a
 * part of a sample, `unitRows` of its `rows` rows.
 */
export function crossEntropySums(
  x: usize, labels: usize, sums: usize, wrong: usize, scratch: usize,
  rows: i32, classes: i32, ignore: i32, unitRows: i32, parts: i32, from: i32, to: i32, thread: i32,
): void {
  const block = scratch + <usize>thread * blockBytes(classes);
  for (let unit = from; unit < to; unit++) {
    let bad = -1;
    const first = unit / parts * rows;
    const start = first + unit % parts * unitRows;
    const end = min(start + unitRows, first + rows);
    let total = f64x2.splat(0);
    let positive = 0, counted = 0;
    for (let row = start; row < end; row += 4) {
      const label = v128.load(labels + (<usize>row << 2));
      fourRows(x, row, end, classes, labels + (<usize>row << 2), block);
      if (bad < 0) bad = wrongRow(label, classes, ignore, row, end);
      const counts = v128.andnot(laneMask(end - row), i32x4.eq(label, i32x4.splat(ignore)));
      const loss = v128.and(rowLoss(block, classes), counts);
      total = f64x2.add(total, f64x2.promote_low_f32x4(loss));
      total = f64x2.add(total, f64x2.promote_low_f32x4(v128.shuffle<f32>(loss, loss, 2, 3, 2, 3)));
      positive += popcnt(i32x4.bitmask(f32x4.gt(loss, f32x4.splat(POSITIVE))));
      counted += popcnt(i32x4.bitmask(counts));
    }
    const at = sums + <usize>unit * 24;
    store<f64>(at, f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1));
    store<f64>(at, positive, 8);
    store<f64>(at, counted, 16);
    store<i32>(wrong + (<usize>unit << 2), bad);
  }
}

/** The gradient of the first of those sums: `dy` has a number for each sample, `stride` floats apart. */
export function crossEntropySumsGrad(
  dy: usize, stride: i32, x: usize, labels: usize, dx: usize, scratch: usize,
  rows: i32, classes: i32, ignore: i32, unitRows: i32, parts: i32, from: i32, to: i32, thread: i32,
): void {
  const block = scratch + <usize>thread * blockBytes(classes);
  for (let unit = from; unit < to; unit++) {
    const sample = unit / parts;
    const start = sample * rows + unit % parts * unitRows;
    const end = min(start + unitRows, (sample + 1) * rows);
    const scale = v128.load32_splat(dy + (<usize>(sample * stride) << 2));
    for (let row = start; row < end; row += 4) {
      rowGrad(scale, x, row, end, classes, labels, ignore, dx, block);
    }
  }
}

// @ts-ignore: decorator
@inline
function rowLoss(block: usize, classes: i32): v128 {
  return f32x4.add(gapOf(block, classes), log1p(restOf(block, classes)));
}

/** The gradient of four rows. p − 1 is written as −Σ of the other p, without cancellation where p is nearly 1. */
function rowGrad(dy: v128, x: usize, row: i32, end: i32, classes: i32, labels: usize, ignore: i32, dx: usize, block: usize): void {
  const four = labels + (<usize>row << 2);
  fourRows(x, row, end, classes, four, block);
  const label = v128.load(four);
  const sum = f32x4.add(restOf(block, classes), f32x4.splat(1));
  const scale = v128.andnot(f32x4.div(dy, sum), i32x4.eq(label, i32x4.splat(ignore)));
  const own = f32x4.neg(othersOf(block, classes));
  const bytes = <usize>classes << 2;
  let to = dx + <usize>row * bytes, at = block;
  for (let c = 0; c < classes; c++, at += 16, to += 4) {
    const slope = v128.bitselect(own, v128.load(at), i32x4.eq(label, i32x4.splat(c)));
    storeRows(to, bytes, f32x4.mul(scale, slope), end - row);
  }
}

/** The first of rows row … end − 1 whose label, among the four given, is neither a class nor `ignore`; −1 for none. */
// @ts-ignore: decorator
@inline
function wrongRow(labels: v128, classes: i32, ignore: i32, row: i32, end: i32): i32 {
  const known = v128.or(i32x4.lt_u(labels, i32x4.splat(classes)), i32x4.eq(labels, i32x4.splat(ignore)));
  const lanes = i32x4.bitmask(v128.andnot(laneMask(end - row), known));
  return lanes ? row + ctz(lanes) : -1;
}
