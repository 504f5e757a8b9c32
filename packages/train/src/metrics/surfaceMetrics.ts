import type { Triple } from '@crln/core';
import { overlap } from './overlap.js';
import { type SurfaceDistances, surfaceDistances } from './surface.js';

/** The three surface metrics of one object, in the units of the spacing. */
export interface SurfaceMetrics {
  hd95: number | null;
  asd: number | null;
  assd: number | null;
}

/**
 * The p-th percentile with linear interpolation between order statistics, as NumPy's default: the value at (n − 1)·p/100 of the
 * sorted list. NaN for an empty list.
 */
export function percentile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = ((sorted.length - 1) * p) / 100;
  const low = Math.floor(at);
  const below = sorted[low] ?? Number.NaN;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN;
  return below + (above - below) * (at - low);
}

/** hd95, asd and assd of given distances. */
export function surfaceMetricsOf({ toReference, toPrediction }: SurfaceDistances): {
  hd95: number;
  asd: number;
  assd: number;
} {
  const both = new Float64Array(toReference.length + toPrediction.length);
  both.set(toReference);
  both.set(toPrediction, toReference.length);
  const asd = mean(toReference);
  return { hd95: percentile(both, 95), asd, assd: (asd + mean(toPrediction)) / 2 };
}

/** What surface metrics are where an object is empty: 0 for an empty prediction, as the field's tables have it; else null. */
export const surfaceMetricsOfEmpty = (predicted: number, referenced: number): SurfaceMetrics => {
  const value = predicted === 0 && referenced > 0 ? 0 : null;
  return { hd95: value, asd: value, assd: value };
};

/**
 * 95th percentile (linear interpolation) of the surface distances of both directions in one list.
 *
 * @param prediction non-zero = object, C order
 * @param spacing lengths of a voxel's sides; with [1, 1, 1], the default, the result is in voxels
 * @returns 0 where only the prediction is empty (the published convention, which flatters a failure: count such cases); null
 * where the reference is empty, since no distance exists
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export const hd95 = (
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacing?: Readonly<Triple>,
): number | null => surfaceMetrics(prediction, reference, shape, spacing).hd95;

/**
 * Average surface distance in ONE direction, prediction → reference, as published tables have it. Parameters, result for empty
 * objects and errors as {@link hd95}.
 */
export const asd = (
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacing?: Readonly<Triple>,
): number | null => surfaceMetrics(prediction, reference, shape, spacing).asd;

/**
 * Average symmetric surface distance: the mean of the average distances of the two directions (as MedPy; not of all distances
 * in one list). Parameters, result for empty objects and errors as {@link hd95}.
 */
export const assd = (
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacing?: Readonly<Triple>,
): number | null => surfaceMetrics(prediction, reference, shape, spacing).assd;

function surfaceMetrics(
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacing: Readonly<Triple> = [1, 1, 1],
): SurfaceMetrics {
  const distances = surfaceDistances(prediction, reference, shape, [spacing])?.[0];
  if (distances) return surfaceMetricsOf(distances);
  const count = overlap(prediction, reference);
  return surfaceMetricsOfEmpty(count.prediction, count.reference);
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
