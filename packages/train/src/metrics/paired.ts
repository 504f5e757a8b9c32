import { CrlnError } from '@crln/core';

/** Student's t at 97.5 % for 1 … 30 degrees of freedom. */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

export interface PairedDifference {
  /** Mean of a − b. */
  mean: number;
  /** Standard deviation of a − b (n − 1). */
  deviation: number;
  /** 95 % confidence interval of the mean, by Student's t. */
  interval: [number, number];
  pairs: number;
}

/**
 * Mean of the differences a − b of paired values (same seed, or same case), with its 95 % interval
 * mean ± t(n − 1)·s / √n.
 *
 * @throws CrlnError `invalid-argument` unless both have the same number of values, at least 2
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): PairedDifference {
  if (a.length !== b.length || a.length < 2) {
    throw new CrlnError(
      'invalid-argument',
      `pairedDifference: expected 2 or more pairs, got ${a.length} and ${b.length} values`,
      {
        a: a.length,
        b: b.length,
      },
    );
  }
  const differences = a.map((value, i) => value - b[i]!);
  const { mean, deviation } = meanAndDeviation(differences);
  const pairs = differences.length;
  // Beyond the table: the first term of t's expansion about the normal quantile.
  const t = T_975[pairs - 2] ?? 1.96 + 2.37 / (pairs - 1);
  const half = (t * deviation) / Math.sqrt(pairs);
  return { mean, deviation, interval: [mean - half, mean + half], pairs };
}

/** Mean and standard deviation (n − 1; 0 for one value). */
export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(square / Math.max(values.length - 1, 1)) };
}
