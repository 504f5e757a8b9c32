// The InfoNCE loss of anchors, each against a positive and a list of rows by number, by cosine similarity, without gathering the rows. A unit
// is `unitAnchors` anchors; a number that is no row is noted in `wrong` (its place in the lists for each unit, −1 for none).
import { laneMask } from './classes';
import { exp, log1p } from './transcendental';
import { madd, storeLanes } from './simd';

/** Rows whose square is smaller count as this large. */
const LEAST_SQUARE: f32 = 1e-16;
/** Four rows' similarities, then the reciprocals of their lengths. */
const FOUR: usize = 32;

/** Bytes of a row in whole vectors. */
// @ts-ignore: decorator
@inline
function wide(width: i32): usize {
  return <usize>((width + 3) >> 2) << 4;
}

/** Where a thread's scratch begins: an anchor and its slope in whole vectors, and what {@link cosines} makes of positive and list. */
// @ts-ignore: decorator
@inline
function scratchOf(scratch: usize, thread: i32, width: i32, list: i32): usize {
  return scratch + <usize>thread * (2 * wide(width) + <usize>(1 + ((list + 3) >> 2)) * FOUR);
}

/**
 * loss = −log(e^s / (e^s + Σ e^sₖ)) of each anchor, s = cos(anchor, positive)/temperature, sₖ the same with the rows of its list, and
 * its slope in the anchor: while the rows are near. `share` anchors have one positive in common.
 */
export function infoNce(
  anchors: usize, positives: usize, rows: usize, lists: usize, loss: usize, slopes: usize, wrong: usize, scratch: usize,
  count: i32, share: i32, total: i32, width: i32, list: i32, temperature: f32, unitAnchors: i32, from: i32, to: i32, thread: i32,
): void {
  const bytes = <usize>width << 2;
  const anchor = scratchOf(scratch, thread, width, list);
  const slope = anchor + wide(width);
  const four = slope + wide(width);
  const fours = four + FOUR;
  for (let unit = from; unit < to; unit++) {
    let bad = -1;
    const end = min((unit + 1) * unitAnchors, count);
    for (let a = unit * unitAnchors; a < end; a++) {
      const mine = lists + (<usize>(a * list) << 2);
      const square = normalise(anchors + <usize>a * bytes, width, temperature, anchor);
      const positive = positives + <usize>(a / share) * bytes;
      cosines(anchor, positive, positive, positive, positive, width, four);
      const own = load<f32>(four);
      let most = f32x4.splat(own);
      for (let k = 0, at = fours; k < list; k += 4, at += FOUR) {
        const numbers = mine + (<usize>k << 2);
        const mask = laneMask(list - k);
        const beyond = i32x4.bitmask(v128.andnot(mask, i32x4.lt_u(v128.load(numbers), i32x4.splat(total))));
        if (beyond && bad < 0) bad = a * list + k + ctz(beyond);
        listed(anchor, rows, numbers, total, width, at);
        const s = v128.bitselect(v128.load(at), f32x4.splat(-f32.MAX_VALUE), mask);
        v128.store(at, s);
        most = f32x4.max(most, s);
      }
      const max = maxOf(most);
      let sums = f32x4.splat(0);
      for (let k = 0, at = fours; k < list; k += 4, at += FOUR) {
        sums = f32x4.add(sums, exp(f32x4.sub(v128.load(at), f32x4.splat(max))));
      }
      // The sum of the exponentials, without one that is 1.
      let rest = sumOf(sums);
      if (own < max) rest += f32x4.extract_lane(exp(f32x4.splat(own - max)), 0) - 1;
      const cost = max - own + f32x4.extract_lane(log1p(f32x4.splat(rest)), 0);
      store<f32>(loss + (<usize>a << 2), cost);
      pull(rows, mine, total, width, list, own + cost, fours, slope, positive, load<f32>(four, 16));
      across(anchor, slope, width, temperature, square, slopes + <usize>a * bytes);
    }
    store<i32>(wrong + (<usize>unit << 2), bad);
  }
}

/**
 * The slope of a loss in the similarities, times temperature, as a sum of rows of length 1: that of row k is its probability
 * e^(sₖ − whole). The slopes add up to 0, so the positive's is minus the others'.
 */
function pull(
  rows: usize, mine: usize, total: i32, width: i32, list: i32, whole: f32, fours: usize, slope: usize, positive: usize, reciprocal: f32,
): void {
  const bytes = <usize>width << 2;
  memory.fill(slope, 0, wide(width));
  let chances = f32x4.splat(0);
  for (let k = 0, at = fours; k < list; k += 4, at += FOUR) {
    const chance = exp(f32x4.min(f32x4.sub(v128.load(at), f32x4.splat(whole)), f32x4.splat(0)));
    chances = f32x4.add(chances, chance);
    const f = f32x4.mul(chance, v128.load(at, 16));
    const f0 = v128.shuffle<f32>(f, f, 0, 0, 0, 0), f1 = v128.shuffle<f32>(f, f, 1, 1, 1, 1);
    const f2 = v128.shuffle<f32>(f, f, 2, 2, 2, 2), f3 = v128.shuffle<f32>(f, f, 3, 3, 3, 3);
    const numbers = mine + (<usize>k << 2);
    const r0 = rowOf(rows, numbers, total, bytes), r1 = rowOf(rows, numbers + 4, total, bytes);
    const r2 = rowOf(rows, numbers + 8, total, bytes), r3 = rowOf(rows, numbers + 12, total, bytes);
    for (let i: usize = 0; i < bytes; i += 16) {
      let sum = madd(f0, v128.load(r0 + i), v128.load(slope + i));
      sum = madd(f1, v128.load(r1 + i), sum);
      sum = madd(f2, v128.load(r2 + i), sum);
      v128.store(slope + i, madd(f3, v128.load(r3 + i), sum));
    }
  }
  const own = f32x4.splat(-sumOf(chances) * reciprocal);
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(slope + i, v128.and(madd(own, v128.load(positive + i), v128.load(slope + i)), inside(bytes - i)));
  }
}

/** Takes a slope in the normalised anchor to the anchor itself: across it, unless it is too short to be normalised. */
function across(anchor: usize, slope: usize, width: i32, temperature: f32, square: f32, to: usize): void {
  const bytes = <usize>width << 2;
  let inner = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) inner = madd(v128.load(slope + i), v128.load(anchor + i), inner);
  const along: f32 = square < LEAST_SQUARE ? 0 : sumOf(inner) * temperature * temperature;
  const scale = f32x4.splat(1 / (temperature * Mathf.sqrt(max(square, LEAST_SQUARE))));
  for (let i: usize = 0; i < bytes; i += 16) {
    const rest = f32x4.sub(v128.load(slope + i), f32x4.mul(f32x4.splat(along), v128.load(anchor + i)));
    storeLanes(to + i, f32x4.mul(scale, rest), <i32>((bytes - i) >> 2));
  }
}

/** Writes a row / (length·temperature) in whole vectors with zeros behind; returns the row's square. */
function normalise(row: usize, width: i32, temperature: f32, to: usize): f32 {
  const bytes = <usize>width << 2;
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.and(v128.load(row + i), inside(bytes - i));
    v128.store(to + i, x);
    squares = madd(x, x, squares);
  }
  const square = sumOf(squares);
  const scale = f32x4.splat(1 / (temperature * Mathf.sqrt(max(square, LEAST_SQUARE))));
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, f32x4.mul(v128.load(to + i), scale));
  return square;
}

/** The similarities of the rows of the next four numbers of a list; a number that is no row counts as row 0. */
// @ts-ignore: decorator
@inline
function listed(anchor: usize, rows: usize, list: usize, total: i32, width: i32, to: usize): void {
  const bytes = <usize>width << 2;
  const r0 = rowOf(rows, list, total, bytes), r1 = rowOf(rows, list + 4, total, bytes);
  const r2 = rowOf(rows, list + 8, total, bytes), r3 = rowOf(rows, list + 12, total, bytes);
  cosines(anchor, r0, r1, r2, r3, width, to);
}

// @ts-ignore: decorator
@inline
function rowOf(rows: usize, number: usize, total: i32, bytes: usize): usize {
  const row = load<u32>(number);
  return rows + (row < <u32>total ? <usize>row : 0) * bytes;
}

/** The similarities of four rows with a normalised anchor, and the reciprocals of the rows' lengths. */
function cosines(anchor: usize, r0: usize, r1: usize, r2: usize, r3: usize, width: i32, to: usize): void {
  const bytes = <usize>width << 2;
  let d0 = f32x4.splat(0), d1 = d0, d2 = d0, d3 = d0, q0 = d0, q1 = d0, q2 = d0, q3 = d0;
  for (let i: usize = 0; i < bytes; i += 16) {
    const a = v128.load(anchor + i), mask = inside(bytes - i);
    const x0 = v128.and(v128.load(r0 + i), mask), x1 = v128.and(v128.load(r1 + i), mask);
    const x2 = v128.and(v128.load(r2 + i), mask), x3 = v128.and(v128.load(r3 + i), mask);
    d0 = madd(a, x0, d0), q0 = madd(x0, x0, q0);
    d1 = madd(a, x1, d1), q1 = madd(x1, x1, q1);
    d2 = madd(a, x2, d2), q2 = madd(x2, x2, q2);
    d3 = madd(a, x3, d3), q3 = madd(x3, x3, q3);
  }
  const squares = f32x4.max(sumLanes(q0, q1, q2, q3), f32x4.splat(LEAST_SQUARE));
  const reciprocals = f32x4.div(f32x4.splat(1), f32x4.sqrt(squares));
  v128.store(to, f32x4.mul(sumLanes(d0, d1, d2, d3), reciprocals));
  v128.store(to, reciprocals, 16);
}

/** The sum of the lanes of each of four vectors. */
// @ts-ignore: decorator
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 2, 6), v128.shuffle<f32>(a, b, 1, 5, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 2, 6), v128.shuffle<f32>(c, d, 1, 5, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline
function sumOf(x: v128): f32 {
  return f32x4.extract_lane(sumLanes(x, x, x, x), 0);
}

// @ts-ignore: decorator
@inline
function maxOf(x: v128): f32 {
  return max(max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)), max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)));
}

/** The lanes that the next `bytes` bytes reach. */
// @ts-ignore: decorator
@inline
function inside(bytes: usize): v128 {
  return laneMask(<i32>(bytes >> 2));
}
