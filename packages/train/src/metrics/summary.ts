import { stream } from '@crln/core';
import { type CaseMetrics, METRICS, type MetricName, type MetricValues, meanValues } from './evaluateCase.js';

/** A column over all cases. */
export interface MetricSummary {
  /** Mean over the cases where the metric is defined; null where it never is. */
  mean: number | null;
  /** Standard deviation of the mean over bootstrap resamples of the cases: the ± of published tables. */
  bootstrap: number | null;
  /** Cases with a value. */
  cases: number;
}

export type Summary = Record<MetricName, MetricSummary>;

export interface EvaluationSummary {
  cases: number;
  /** Over the cases' means of foreground classes. */
  mean: Summary;
  /** One a foreground class, from class 1 on. */
  classes: (Summary & { class: number })[];
  /** How many (case, class) pairs have a reference and no predicted voxel: they score 0 in ALL columns, distances too. */
  emptyPredictions: number;
}

/**
 * Means over cases, and their spread over seeded bootstrap resamples (cases drawn with replacement).
 *
 * @param options `resamples`: 100 as in published tables; `seed`: the same seed gives the same ±
 */
export function summarize(
  cases: readonly CaseMetrics[],
  options: { resamples?: number; seed?: number } = {},
): EvaluationSummary {
  const classes = cases[0]?.classes ?? [];
  const byClass = classes.map((_, c) => cases.map((one) => one.classes[c]!));
  return {
    cases: cases.length,
    mean: summaryOf(
      cases.map(({ mean }) => mean),
      options,
    ),
    classes: byClass.map((rows, c) => ({ class: c + 1, ...summaryOf(rows, options) })),
    emptyPredictions: byClass.flat().filter((row) => row.predictedVoxels === 0 && row.referenceVoxels > 0).length,
  };
}

function summaryOf(rows: readonly MetricValues[], options: { resamples?: number; seed?: number }): Summary {
  const means = meanValues(rows);
  const column = (name: MetricName): [MetricName, MetricSummary] => {
    const values = rows.map((row) => row[name]).filter((value) => value !== null);
    return [name, { mean: means[name], bootstrap: bootstrapDeviation(values, options), cases: values.length }];
  };
  return Object.fromEntries(METRICS.map(column)) as Summary;
}

/**
 * The bootstrap standard error of a mean: the standard deviation (n − 1) of the means of `resamples` draws with replacement.
 * @returns null for an empty list
 */
export function bootstrapDeviation(
  values: readonly number[],
  { resamples = 100, seed = 0 }: { resamples?: number; seed?: number } = {},
): number | null {
  if (values.length === 0) return null;
  const means = Array.from({ length: resamples }, (_, draw) => {
    const random = stream(seed, 'bootstrap', 0, draw);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[random.integer(values.length)]!;
    return sum / values.length;
  });
  const mean = means.reduce((a, b) => a + b, 0) / resamples;
  return Math.sqrt(means.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(resamples - 1, 1));
}
