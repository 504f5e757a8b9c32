import type { CaseRow } from '../evaluate.js';
import type { EvaluationSummary } from '../metrics/summary.js';

/** What {@link train} reports, in the order in which it happens. `iteration` counts finished iterations. */
export type TrainEvent =
  | {
      type: 'start';
      iteration: number;
      iterations: number;
      /** Whether it goes on from a checkpoint. */
      resumed: boolean;
      /** Estimated bytes of an iteration. */
      memoryBytes: number;
      /** Numbers that are trained: of the student and what belongs to it; neither the teacher's copies nor running statistics. */
      parameters: number;
    }
  | {
      type: 'step';
      iteration: number;
      iterations: number;
      /** Means over the iterations since the last such event. */
      losses: Record<string, number>;
      learningRate: number;
      /** Mean time of one of these iterations. */
      milliseconds: number;
      /** How much of it passed until there was a batch to train on. */
      waitingMilliseconds: number;
    }
  | { type: 'evaluation'; iteration: number; split: string; summary: EvaluationSummary; rows: CaseRow[]; best: boolean }
  | { type: 'checkpoint'; iteration: number }
  | { type: 'interrupted'; iteration: number }
  | { type: 'done'; iteration: number };
