import { valueRange } from './augment/intensity.js';
import type { VoxelArray } from './volume.js';

/**
 * What is done to the intensities of an image, over all of its voxels:
 * - `'minmax'`: (x − min) / (max − min)
 * - `'zscore'`: (x − mean) / standard deviation (of the population)
 * - `'percentile-zscore'`: clipped to its 0.5 and 99.5 percentiles, then z-scored
 * - `'none'`: nothing
 *
 * A constant image becomes zeros.
 */
export type Normalisation = 'minmax' | 'zscore' | 'percentile-zscore' | 'none';
export const NORMALISATIONS: readonly Normalisation[] = ['minmax', 'zscore', 'percentile-zscore', 'none'];

/** Rearranges `values` until position k holds what it would hold sorted, smaller ones before it (Hoare's selection). */
function select(values: Float32Array, k: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i <= j) {
        const swap = values[i]!;
        values[i++] = values[j]!;
        values[j--] = swap;
      }
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k]!;
}

/**
 * `'linear'` between ranks, as numpy's default. `'inverted-cdf'`: the smallest value that so much of the image does not exceed; on whole
 * numbers, the point of the cumulative histogram.
 */
export type PercentileMethod = 'linear' | 'inverted-cdf';

/** Percentiles as numpy has them, by default with linear interpolation between ranks. `values` must be finite. */
export function percentiles(
  values: VoxelArray,
  points: readonly number[],
  method: PercentileMethod = 'linear',
): number[] {
  const work = Float32Array.from(values);
  return points.map((point) => {
    const share = point / 100;
    // 99.9/100 is a little above 0.999: an exact share must not go on to the next rank.
    const whole = Math.max(Math.ceil(share * work.length * (1 - 1e-12)) - 1, 0);
    const rank = method === 'linear' ? share * (work.length - 1) : whole;
    const low = Math.floor(rank);
    const below = select(work, low);
    return rank === low ? below : below + (rank - low) * (select(work, low + 1) - below);
  });
}

/** Mean and standard deviation (of the population) of the values, or of those where `mask` is above 0; NaN where there is none. */
export function moments(values: Float32Array, mask?: VoxelArray): { mean: number; deviation: number; count: number } {
  let count = values.length;
  let mean = 0;
  let squares = 0;
  if (mask) {
    count = 0;
    for (let n = 0; n < values.length; n++) {
      if (mask[n]! > 0) {
        mean += values[n]!;
        count++;
      }
    }
  } else for (const value of values) mean += value;
  mean /= count;
  // In two passes: the sum of squares would lose small deviations from a large mean.
  if (mask) for (let n = 0; n < values.length; n++) squares += mask[n]! > 0 ? (values[n]! - mean) ** 2 : 0;
  else for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / count), count };
}

/** Whether a spread is no more than rounding: a constant image has a deviation of some 1e-16 of its mean. */
export const isFlat = (scale: number, mean: number): boolean => !(scale > Math.abs(mean) * 1e-12);

/** Normalises an image; the result is a new array. `values` must be finite. */
export function normalise(values: VoxelArray, how: Normalisation): Float32Array {
  const out = Float32Array.from(values);
  if (how === 'none') return out;
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  if (how === 'percentile-zscore') {
    [low, high] = percentiles(out, [0.5, 99.5]) as [number, number];
    for (let n = 0; n < out.length; n++) out[n] = Math.min(Math.max(out[n]!, low), high);
  }
  let shift = 0;
  let scale = 0;
  if (how === 'minmax') {
    const [least, most] = valueRange(out);
    shift = least;
    scale = most - least;
  } else {
    const { mean, deviation } = moments(out);
    shift = mean;
    scale = deviation;
  }
  const flat = isFlat(scale, shift);
  for (let n = 0; n < out.length; n++) out[n] = flat ? 0 : (out[n]! - shift) / scale;
  return out;
}
