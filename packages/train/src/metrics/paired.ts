import { CrlnError } from '@crln/core';

/** Mean of paired differences with its two-sided 95 % confidence interval. */
export interface PairedDifference {
  pairs: number;
  mean: number;
  /** Sample standard deviation (n − 1) of the differences. */
  deviation: number;
  low: number;
  high: number;
}

/** 97.5 % points of Student's t distribution for 1 … 30 degrees of freedom. */
const T975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * The difference b − a of two methods that ran on the same seeds (or were scored on the same cases):
 * d̄ ± t₀.₉₇₅(n − 1)·s/√n, after Student's paired t test. Beyond 30 degrees of freedom t is that of 30, a little too wide.
 *
 * @param a scores of one method, one a pair
 * @param b scores of the other, in the same order
 * @throws CrlnError `invalid-argument` for lists of different length, or below two pairs
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): PairedDifference {
  if (a.length !== b.length || a.length < 2) {
    throw new CrlnError(
      'invalid-argument',
      `pairedDifference: expected two lists of the same length, at least 2, got ${a.length} and ${b.length}`,
      { a: a.length, b: b.length },
    );
  }
  const differences = a.map((value, i) => b[i]! - value);
  const n = differences.length;
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const deviation = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1));
  const half = (T975[Math.min(n - 1, 30) - 1]! * deviation) / Math.sqrt(n);
  return { pairs: n, mean, deviation, low: mean - half, high: mean + half };
}
