import type { Numbers } from './typedArrays.js';

/**
 * Loops over arrays of which the last axis is the channel. All of them work on "lanes": the smallest multiple of the channel count
 * that is a multiple of four, so that one loop with four accumulators in registers serves every channel count. They go block by
 * block, small enough for the first-level cache, and within a block four lanes at a time. Sums are float64 in a fixed order.
 */

/** Floats of one stream in a block. */
const BLOCK = 2048;

/** The smallest multiple of `channels` that four divides. */
const laneCount = (channels: number): number =>
  channels % 4 === 0 ? channels : channels % 2 === 0 ? channels * 2 : channels * 4;

const blockSize = (lanes: number): number => Math.max(1, Math.floor(BLOCK / lanes)) * lanes;

/** Per-channel values repeated over the lanes. */
function spread(values: ArrayLike<number>): Float64Array {
  const out = new Float64Array(laneCount(values.length));
  for (let i = 0; i < out.length; i++) out[i] = values[i % values.length]!;
  return out;
}

/** Per-lane sums added up to per-channel sums. */
function fold(sums: Float64Array, channels: number): Float64Array {
  const out = new Float64Array(channels);
  for (let i = 0; i < sums.length; i++) out[i % channels]! += sums[i]!;
  return out;
}

/** y = x·scale + shift per channel, then {@link positive} where asked. */
export function affine(
  x: Float32Array,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
  withRelu: boolean,
  y: Float32Array,
): void {
  const a = spread(scale);
  const b = spread(shift);
  const lanes = a.length;
  const block = blockSize(lanes);
  const whole = x.length - (x.length % lanes);
  for (let start = 0; start < whole; start += block) {
    const end = Math.min(whole, start + block);
    for (let c = 0; c < lanes; c += 4) {
      const a0 = a[c]!;
      const a1 = a[c + 1]!;
      const a2 = a[c + 2]!;
      const a3 = a[c + 3]!;
      const b0 = b[c]!;
      const b1 = b[c + 1]!;
      const b2 = b[c + 2]!;
      const b3 = b[c + 3]!;
      if (withRelu) {
        for (let i = start + c; i < end; i += lanes) {
          y[i] = positive(x[i]! * a0 + b0);
          y[i + 1] = positive(x[i + 1]! * a1 + b1);
          y[i + 2] = positive(x[i + 2]! * a2 + b2);
          y[i + 3] = positive(x[i + 3]! * a3 + b3);
        }
        continue;
      }
      for (let i = start + c; i < end; i += lanes) {
        y[i] = x[i]! * a0 + b0;
        y[i + 1] = x[i + 1]! * a1 + b1;
        y[i + 2] = x[i + 2]! * a2 + b2;
        y[i + 3] = x[i + 3]! * a3 + b3;
      }
    }
  }
  for (let i = whole; i < x.length; i++) {
    const value = x[i]! * a[i - whole]! + b[i - whole]!;
    y[i] = withRelu ? positive(value) : value;
  }
}

/**
 * max(value, 0) of the value as float32, NaN staying NaN. Without a branch on the sign, which no processor can foresee; −∞ alone
 * would not come out of the sum as 0.
 */
function positive(value: number): number {
  const v = Math.fround(value);
  return v === -Infinity ? 0 : (v + Math.abs(v)) * 0.5;
}

/** dy where the output of a ReLU is not 0, else 0; again without a branch. */
export function masked(dy: Float32Array, y: Float32Array): Float32Array {
  const g = new Float32Array(dy.length);
  const fours = g.length - (g.length % 4);
  for (let i = 0; i < fours; i += 4) {
    g[i] = dy[i]! * +(y[i] !== 0);
    g[i + 1] = dy[i + 1]! * +(y[i + 1] !== 0);
    g[i + 2] = dy[i + 2]! * +(y[i + 2] !== 0);
    g[i + 3] = dy[i + 3]! * +(y[i + 3] !== 0);
  }
  for (let i = fours; i < g.length; i++) g[i] = dy[i]! * +(y[i] !== 0);
  return g;
}

/** Σ x per channel. */
export function channelSums(x: Numbers, channels: number): Float64Array {
  const lanes = laneCount(channels);
  const sums = new Float64Array(lanes);
  const block = blockSize(lanes);
  const whole = x.length - (x.length % lanes);
  for (let start = 0; start < whole; start += block) {
    const end = Math.min(whole, start + block);
    for (let c = 0; c < lanes; c += 4) {
      let s0 = sums[c]!;
      let s1 = sums[c + 1]!;
      let s2 = sums[c + 2]!;
      let s3 = sums[c + 3]!;
      for (let i = start + c; i < end; i += lanes) {
        s0 += x[i]!;
        s1 += x[i + 1]!;
        s2 += x[i + 2]!;
        s3 += x[i + 3]!;
      }
      sums[c] = s0;
      sums[c + 1] = s1;
      sums[c + 2] = s2;
      sums[c + 3] = s3;
    }
  }
  for (let i = whole; i < x.length; i++) sums[i - whole]! += x[i]!;
  return fold(sums, channels);
}

/**
 * Mean and biased variance per channel in one pass: sums of x − s and (x − s)², where s is the first voxel, which keeps the
 * difference of squares from cancelling however large the mean is.
 */
export function channelMoments(x: Float32Array, channels: number): { mean: Float64Array; variance: Float64Array } {
  const first = x.subarray(0, channels);
  const shift = spread(first);
  const lanes = shift.length;
  const sums = new Float64Array(lanes);
  const squares = new Float64Array(lanes);
  const block = blockSize(lanes);
  const whole = x.length - (x.length % lanes);
  for (let start = 0; start < whole; start += block) {
    const end = Math.min(whole, start + block);
    for (let c = 0; c < lanes; c += 4) {
      const h0 = shift[c]!;
      const h1 = shift[c + 1]!;
      const h2 = shift[c + 2]!;
      const h3 = shift[c + 3]!;
      let s0 = sums[c]!;
      let s1 = sums[c + 1]!;
      let s2 = sums[c + 2]!;
      let s3 = sums[c + 3]!;
      let q0 = squares[c]!;
      let q1 = squares[c + 1]!;
      let q2 = squares[c + 2]!;
      let q3 = squares[c + 3]!;
      for (let i = start + c; i < end; i += lanes) {
        const d0 = x[i]! - h0;
        const d1 = x[i + 1]! - h1;
        const d2 = x[i + 2]! - h2;
        const d3 = x[i + 3]! - h3;
        s0 += d0;
        s1 += d1;
        s2 += d2;
        s3 += d3;
        q0 += d0 * d0;
        q1 += d1 * d1;
        q2 += d2 * d2;
        q3 += d3 * d3;
      }
      sums[c] = s0;
      sums[c + 1] = s1;
      sums[c + 2] = s2;
      sums[c + 3] = s3;
      squares[c] = q0;
      squares[c + 1] = q1;
      squares[c + 2] = q2;
      squares[c + 3] = q3;
    }
  }
  for (let i = whole; i < x.length; i++) {
    const d = x[i]! - shift[i - whole]!;
    sums[i - whole]! += d;
    squares[i - whole]! += d * d;
  }
  const count = x.length / channels;
  const mean = fold(sums, channels);
  const variance = fold(squares, channels);
  for (let c = 0; c < channels; c++) {
    const m = mean[c]! / count;
    variance[c] = Math.max(variance[c]! / count - m * m, 0);
    mean[c] = m + first[c]!;
  }
  return { mean, variance };
}

/** Σ g and Σ g·(x − centre) per channel. */
export function gradientSums(
  g: Float32Array,
  x: Float32Array,
  centre: ArrayLike<number>,
): { sum: Float64Array; product: Float64Array } {
  const shift = spread(centre);
  const lanes = shift.length;
  const sums = new Float64Array(lanes);
  const products = new Float64Array(lanes);
  const block = blockSize(lanes);
  const whole = x.length - (x.length % lanes);
  for (let start = 0; start < whole; start += block) {
    const end = Math.min(whole, start + block);
    for (let c = 0; c < lanes; c += 4) {
      const h0 = shift[c]!;
      const h1 = shift[c + 1]!;
      const h2 = shift[c + 2]!;
      const h3 = shift[c + 3]!;
      let s0 = sums[c]!;
      let s1 = sums[c + 1]!;
      let s2 = sums[c + 2]!;
      let s3 = sums[c + 3]!;
      let p0 = products[c]!;
      let p1 = products[c + 1]!;
      let p2 = products[c + 2]!;
      let p3 = products[c + 3]!;
      for (let i = start + c; i < end; i += lanes) {
        const g0 = g[i]!;
        const g1 = g[i + 1]!;
        const g2 = g[i + 2]!;
        const g3 = g[i + 3]!;
        s0 += g0;
        s1 += g1;
        s2 += g2;
        s3 += g3;
        p0 += g0 * (x[i]! - h0);
        p1 += g1 * (x[i + 1]! - h1);
        p2 += g2 * (x[i + 2]! - h2);
        p3 += g3 * (x[i + 3]! - h3);
      }
      sums[c] = s0;
      sums[c + 1] = s1;
      sums[c + 2] = s2;
      sums[c + 3] = s3;
      products[c] = p0;
      products[c + 1] = p1;
      products[c + 2] = p2;
      products[c + 3] = p3;
    }
  }
  for (let i = whole; i < x.length; i++) {
    sums[i - whole]! += g[i]!;
    products[i - whole]! += g[i]! * (x[i]! - shift[i - whole]!);
  }
  const channels = centre.length;
  return { sum: fold(sums, channels), product: fold(products, channels) };
}

/** out = g·a + x·b + c per channel; `out` may be `g`. */
export function gradientMix(
  g: Float32Array,
  x: Float32Array,
  factors: { a: ArrayLike<number>; b: ArrayLike<number>; c: ArrayLike<number> },
  out: Float32Array,
): void {
  const a = spread(factors.a);
  const b = spread(factors.b);
  const k = spread(factors.c);
  const lanes = a.length;
  const block = blockSize(lanes);
  const whole = x.length - (x.length % lanes);
  for (let start = 0; start < whole; start += block) {
    const end = Math.min(whole, start + block);
    for (let c = 0; c < lanes; c += 2) {
      const a0 = a[c]!;
      const a1 = a[c + 1]!;
      const b0 = b[c]!;
      const b1 = b[c + 1]!;
      const k0 = k[c]!;
      const k1 = k[c + 1]!;
      for (let i = start + c; i < end; i += lanes) {
        out[i] = g[i]! * a0 + x[i]! * b0 + k0;
        out[i + 1] = g[i + 1]! * a1 + x[i + 1]! * b1 + k1;
      }
    }
  }
  for (let i = whole; i < x.length; i++) {
    out[i] = g[i]! * a[i - whole]! + x[i]! * b[i - whole]! + k[i - whole]!;
  }
}
