import { CrlnError, type Triple } from '@crln/core';
import { type Connectivity, largestComponent } from './metrics/components.js';
import { type CaseMetrics, evaluateCase } from './metrics/evaluateCase.js';
import { mostProbable, type SlidingWindowOptions, slidingWindow, type WindowPredictor } from './slidingWindow.js';

/** A case with its truth. `image` is as the network takes it. */
export interface EvaluationCase {
  id: string;
  image: Float32Array;
  /** Class indices, C order. */
  label: ArrayLike<number>;
  shape: Triple;
  /** mm along D, H, W. */
  spacing: Triple;
}

/** A case's row in a table. */
export interface CaseRow extends CaseMetrics {
  id: string;
}

export interface EvaluateOptions {
  /** With the background; 2 by default. */
  classes?: number;
  /** Keep only the largest component of every class; off by default, as in published figures. */
  largestComponent?: boolean | { connectivity: Connectivity };
  signal?: AbortSignal;
}

/** Class labels of a case, on the grid of its truth. */
export type LabelPredictor<C> = (one: C) => Uint8Array | Promise<Uint8Array>;

/** A {@link LabelPredictor} that slides a network over the case: the most probable class of averaged probabilities. */
export function slidingPredictor(
  predict: WindowPredictor,
  options: SlidingWindowOptions & { classes: number },
): LabelPredictor<Pick<EvaluationCase, 'image' | 'shape'>> {
  return async ({ image, shape }) => {
    const probabilities = await slidingWindow({ data: image, shape }, predict, options);
    return mostProbable(probabilities, options.classes);
  };
}

/**
 * Predicts and scores cases one after another: holds one at a time, and yields its row with the prediction it came from (for
 * pictures). `summarize` makes a table's last line of the rows.
 *
 * @param predict see {@link slidingPredictor}
 * @param cases may be a generator that loads them
 * @throws CrlnError `invalid-shape` naming the case, `aborted`
 */
export async function* evaluateCases<C extends Omit<EvaluationCase, 'image'>>(
  predict: LabelPredictor<C>,
  cases: Iterable<C> | AsyncIterable<C>,
  options: EvaluateOptions = {},
): AsyncGenerator<{ row: CaseRow; prediction: Uint8Array; case: C }> {
  const { classes = 2, largestComponent: keep = false, signal } = options;
  for await (const one of cases) {
    if (signal?.aborted) throw new CrlnError('aborted', 'evaluation: stopped', {}, { cause: signal.reason });
    let prediction = await predict(one);
    if (prediction.length !== one.label.length) {
      throw new CrlnError(
        'invalid-shape',
        `case ${one.id}: the prediction has ${prediction.length} voxels, the label ${one.label.length}`,
        { case: one.id, prediction: prediction.length, label: one.label.length },
      );
    }
    if (keep) prediction = largestComponent(prediction, one.shape, keep === true ? {} : keep);
    const metrics = evaluateCase(prediction, one.label, one.shape, one.spacing, classes);
    yield { row: { id: one.id, ...metrics }, prediction, case: one };
  }
}
