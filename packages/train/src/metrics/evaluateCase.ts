import { CrlnError, type Triple } from '@crln/core';
import { checkSpacing } from './distanceTransform.js';
import { diceOf, jaccardOf, overlap } from './overlap.js';
import { surfaceDistances } from './surface.js';
import { surfaceMetricsOf, surfaceMetricsOfEmpty } from './surfaceMetrics.js';

/** The columns of every table: overlap as a fraction, distances in voxels (spacing ignored, as published), then in mm. */
export const METRICS = ['dice', 'jaccard', 'hd95', 'asd', 'assd', 'hd95Mm', 'asdMm', 'assdMm'] as const;
export type MetricName = (typeof METRICS)[number];

/** One value a column; null where it is undefined. */
export type MetricValues = Record<MetricName, number | null>;

export interface ClassMetrics extends MetricValues {
  /** The class index, from 1. */
  class: number;
  predictedVoxels: number;
  referenceVoxels: number;
}

export interface CaseMetrics {
  /** One entry a foreground class. */
  classes: ClassMetrics[];
  /** Mean over the foreground classes whose value is defined; null where none is. */
  mean: MetricValues;
}

/**
 * All metrics of one case.
 *
 * Where a class is missing: from the prediction only, it scores 0 in every column, as published tables have it (a distance of 0
 * is the best there is, so count `predictedVoxels === 0` beside them); from the reference only, Dice and Jaccard are 0 and
 * distances null; from both, all are null, since there was nothing to find.
 *
 * @param prediction class indices, C order
 * @param reference class indices, C order
 * @param shape [D, H, W]
 * @param spacing mm along D, H, W
 * @param classes number of classes with the background
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export function evaluateCase(
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacing: Readonly<Triple>,
  classes = 2,
): CaseMetrics {
  if (!Number.isInteger(classes) || classes < 2) {
    throw new CrlnError('invalid-argument', `evaluateCase: classes must be at least 2, got ${classes}`, { classes });
  }
  checkSpacing(spacing);
  const rows = Array.from({ length: classes - 1 }, (_, i) =>
    evaluateClass(prediction, reference, shape, spacing, i + 1),
  );
  return { classes: rows, mean: meanValues(rows) };
}

/** The mean of every column over the rows where it is defined. */
export function meanValues(rows: readonly MetricValues[]): MetricValues {
  const column = (name: MetricName): [MetricName, number | null] => {
    const values = rows.map((row) => row[name]).filter((value) => value !== null);
    return [name, values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length];
  };
  return Object.fromEntries(METRICS.map(column)) as MetricValues;
}

function evaluateClass(
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacing: Readonly<Triple>,
  label: number,
): ClassMetrics {
  const count = overlap(prediction, reference, label);
  const [voxels, mm] = surfaceDistances(prediction, reference, shape, [[1, 1, 1], spacing], label) ?? [];
  const empty = surfaceMetricsOfEmpty(count.prediction, count.reference);
  const inVoxels = voxels ? surfaceMetricsOf(voxels) : empty;
  const inMm = mm ? surfaceMetricsOf(mm) : empty;
  return {
    class: label,
    dice: diceOf(count),
    jaccard: jaccardOf(count),
    ...inVoxels,
    hd95Mm: inMm.hd95,
    asdMm: inMm.asd,
    assdMm: inMm.assd,
    predictedVoxels: count.prediction,
    referenceVoxels: count.reference,
  };
}
