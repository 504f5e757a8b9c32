import type { Numbers } from './typedArrays.js';

/** Σ of the `width` numbers from `start` on; in four chains, as one chain of float64 additions would wait on itself. */
export function rowSum(x: Numbers, start: number, width: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const end = start + width;
  const whole = end - (width % 4);
  for (let i = start; i < whole; i += 4) {
    s0 += x[i]!;
    s1 += x[i + 1]!;
    s2 += x[i + 2]!;
    s3 += x[i + 3]!;
  }
  for (let i = whole; i < end; i++) s0 += x[i]!;
  return s0 + s1 + (s2 + s3);
}

/** The largest of the `width` numbers from `start` on; NaN if one is. */
export function rowMax(x: Numbers, start: number, width: number): number {
  let max = x[start]!;
  for (let i = start + 1; i < start + width; i++) max = Math.max(max, x[i]!);
  return max;
}
