import { type Extension, foldPosition } from './boundary.js';

/** The pole of the recursive filter that turns samples into cubic B-spline coefficients. */
const POLE = Math.sqrt(3) - 2;
/** |POLE|³⁰ < 2⁻⁵³: a sum of powers is complete after so many terms. */
const HORIZON = 30;

/**
 * Turns samples into the coefficients of the cubic B-spline through them, in place, along the first axis of `lines` = [n, width]: with
 * c the coefficients, (c[k−1] + 4·c[k] + c[k+1]) / 6 is sample k, also at both ends, for samples continued by `boundary`.
 *
 * Exact to rounding, as `scipy.ndimage.spline_filter1d(order=3, mode=boundary)` is but for `'reflect'` on less than 8 samples. M. Unser, "Splines: a perfect fit for signal and image
 * processing", IEEE Signal Processing Magazine 16(6), 1999, box 2.
 */
export function splineCoefficients(
  lines: Float64Array,
  n: number,
  width: number,
  boundary: Exclude<Extension, 'nearest'>,
): void {
  if (n === 1) return;
  const z = POLE;
  const mirror = boundary === 'mirror';
  const period = mirror ? 2 * (n - 1) : 2 * n;
  const terms = Math.min(period, HORIZON);
  // The causal filter starts with Σ zᵏ·s[−k] over all that lies before the first sample, which is periodic.
  const powers = new Float64Array(n);
  for (let k = 0; k < terms; k++) powers[foldPosition(-k, n, boundary)]! += z ** k;
  const whole = 1 / (1 - z ** period);
  for (let q = 0; q < width; q++) {
    let start = 0;
    for (let k = 0; k < n && k < HORIZON; k++) start += powers[k]! * lines[k * width + q]!;
    lines[q] = start * whole;
  }
  for (let at = width; at < n * width; at++) lines[at]! += z * lines[at - width]!;
  const last = (n - 1) * width;
  // The anticausal one likewise; the gain of 6 is taken along.
  for (let q = last; q < last + width; q++) {
    lines[q] = mirror ? ((6 * z) / (z * z - 1)) * (lines[q]! + z * lines[q - width]!) : ((6 * z) / (z - 1)) * lines[q]!;
  }
  for (let at = last - 1; at >= 0; at--) lines[at] = z * (lines[at + width]! - 6 * lines[at]!);
}

/** Weights of the coefficients ⌊x⌋ − 1 … ⌊x⌋ + 2 at position x, of which t is x − ⌊x⌋, into `weights` from `at` on. */
export function splineWeights(t: number, weights: Float64Array, at: number): void {
  const u = 1 - t;
  weights[at] = (u * u * u) / 6;
  weights[at + 1] = (4 + t * t * (3 * t - 6)) / 6;
  weights[at + 2] = (4 + u * u * (3 * u - 6)) / 6;
  weights[at + 3] = (t * t * t) / 6;
}
