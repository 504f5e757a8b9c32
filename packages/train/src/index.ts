/**
 * Trains, evaluates and predicts: methods, checkpoints, sliding-window inference, metrics, reports.
 * @packageDocumentation
 */

// --- stores, checkpoints, inference, metrics, reports ---
export {
  CHECKPOINT_FORMAT,
  listCheckpoints,
  loadCheckpoint,
  type SaveCheckpointOptions,
  saveCheckpoint,
} from './checkpoint/checkpoint.js';
export {
  appendLog,
  cutLog,
  type EvaluationLine,
  type LogLine,
  METRICS_LOG,
  readLog,
  type StepLine,
} from './checkpoint/log.js';
export { readPointers } from './checkpoint/pointers.js';
export type {
  BestScore,
  Checkpoint,
  CheckpointContent,
  CheckpointPointer,
  Json,
  NamedTensor,
  NamedTensors,
} from './checkpoint/types.js';
export {
  type CaseRow,
  type EvaluateOptions,
  type EvaluationCase,
  evaluateCases,
  type LabelPredictor,
  slidingPredictor,
} from './evaluate.js';
export { type Components, type Connectivity, connectedComponents, largestComponent } from './metrics/components.js';
export { squaredDistances } from './metrics/distanceTransform.js';
export {
  type CaseMetrics,
  type ClassMetrics,
  evaluateCase,
  METRICS,
  type MetricName,
  type MetricValues,
} from './metrics/evaluateCase.js';
export { dice, jaccard } from './metrics/overlap.js';
export { type PairedDifference, pairedDifference } from './metrics/paired.js';
export {
  bootstrapDeviation,
  type EvaluationSummary,
  type MetricSummary,
  type Summary,
  summarize,
} from './metrics/summary.js';
export { type SurfaceDistances, surface, surfaceDistances } from './metrics/surface.js';
export { asd, assd, hd95 } from './metrics/surfaceMetrics.js';
export {
  checkResume,
  compareRunConfigs,
  type Difference,
  openRun,
  RUN_CONFIG_FORMAT,
  type RunConfig,
  readRunConfig,
  writeRunConfig,
} from './runConfig.js';
export { decodeSafetensors, encodeSafetensors } from './safetensors.js';
export { mostProbable, type SlidingWindowOptions, slidingWindow, type WindowPredictor } from './slidingWindow.js';
export { memoryStore } from './store/memoryStore.js';
export type { RunStore } from './store/runStore.js';
