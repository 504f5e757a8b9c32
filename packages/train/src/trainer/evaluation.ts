import { type CaseRow, type EvaluationCase, evaluateCases, slidingPredictor } from '../evaluate.js';
import { METRICS, type MetricName } from '../metrics/evaluateCase.js';
import { type EvaluationSummary, summarize } from '../metrics/summary.js';
import type { SlidingWindowOptions, WindowPredictor } from '../slidingWindow.js';

/** How, when and on what a run is evaluated while it trains. */
export interface EvaluationPlan {
  /** Iterations between evaluations; also one at the end. */
  every: number;
  /** `best` is chosen on `val` only; on `test` a checkpoint is marked where `bestOnTest` asks for it. */
  split: 'val' | 'test';
  /** The cases, called anew for every evaluation. */
  cases: () => Iterable<EvaluationCase> | AsyncIterable<EvaluationCase>;
  /** Windows; `roiSize` is the training patch unless said. */
  window?: Partial<SlidingWindowOptions>;
  /** The column, the higher the better, that chooses the best checkpoint. Default 'dice'. */
  metric?: Extract<MetricName, 'dice' | 'jaccard'>;
  /** Also keep the checkpoint that is best on `test`, for tables that print it. Default false. */
  bestOnTest?: boolean;
  largestComponent?: boolean;
}

/** Scores a predictor on the cases of a plan. */
export async function evaluate(
  plan: EvaluationPlan,
  predict: WindowPredictor,
  options: {
    roiSize: SlidingWindowOptions['roiSize'];
    classes: number;
    signal?: AbortSignal;
    /** Called with every case and its prediction, before the next one is loaded. */
    onCase?: (one: EvaluationCase, prediction: Uint8Array) => Promise<void>;
  },
): Promise<{ rows: CaseRow[]; summary: EvaluationSummary; score: number | null }> {
  const { classes, signal, roiSize } = options;
  const stopping = signal ? { signal } : {};
  const predictor = slidingPredictor(predict, { roiSize, ...plan.window, classes, ...stopping });
  const settings = { classes, ...stopping, ...(plan.largestComponent && { largestComponent: true }) };
  const rows: CaseRow[] = [];
  for await (const { row, prediction, case: one } of evaluateCases(predictor, plan.cases(), settings)) {
    rows.push(row);
    await options.onCase?.(one, prediction);
  }
  const summary = summarize(rows);
  return { rows, summary, score: summary.mean[plan.metric ?? METRICS[0]].mean };
}
