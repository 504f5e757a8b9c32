import type { Numbers } from './typedArrays.js';

/**
 * Sums over arrays of which the last axis is the channel. They work on "lanes": the smallest multiple of the channel count that is a
 * multiple of four, so that one loop with four accumulators in registers serves every channel count. They go block by block, small
 * enough for the first-level cache, and within a block four lanes at a time. Sums are float64 in a fixed order.
 */

/** Floats of one stream in a block. */
const BLOCK = 2048;

/** The smallest multiple of `channels` that four divides. */
const laneCount = (channels: number): number =>
  channels % 4 === 0 ? channels : channels % 2 === 0 ? channels * 2 : channels * 4;

const blockSize = (lanes: number): number => Math.max(1, Math.floor(BLOCK / lanes)) * lanes;

/** Per-lane sums added up to per-channel sums. */
function fold(sums: Float64Array, channels: number): Float64Array {
  const out = new Float64Array(channels);
  for (let i = 0; i < sums.length; i++) out[i % channels]! += sums[i]!;
  return out;
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
