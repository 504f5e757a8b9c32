/**
 * Trains, evaluates and predicts: methods, checkpoints, sliding-window inference, metrics, reports.
 * @packageDocumentation
 */

// --- training: methods, optimizers, the trainer ---
export type { Batch } from './batch.js';
export { type BenchmarkedMethod, type BenchmarkOptions, benchmarkMethod } from './benchmark.js';
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
  type OtherLine,
  readLog,
  type StepLine,
} from './checkpoint/log.js';
export { type PointerFile, readPointers } from './checkpoint/pointers.js';
export type {
  BestScore,
  Checkpoint,
  CheckpointContent,
  CheckpointPointer,
  Json,
  NamedTensor,
  NamedTensors,
} from './checkpoint/types.js';
export type { TrainingData } from './data.js';
export {
  type CaseRow,
  type EvaluateOptions,
  type EvaluationCase,
  evaluateCases,
  type LabelPredictor,
  slidingPredictor,
} from './evaluate.js';
export type {
  AnyMethod,
  Footprint,
  Method,
  MethodContext,
  Parts,
  PredictContext,
  Prepared,
  StepContext,
} from './method.js';
export { bcp } from './methods/bcp.js';
export { crln } from './methods/crln.js';
export type { CrlnOptions } from './methods/crlnOptions.js';
export { crossPseudo } from './methods/crossPseudo.js';
export { findMethod, METHODS } from './methods/index.js';
export { mcNet } from './methods/mcNet.js';
export { meanTeacher } from './methods/meanTeacher.js';
export { supervised } from './methods/supervised.js';
export { uaMt } from './methods/uaMt.js';
export { urpc } from './methods/urpc.js';
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
export { createNetwork, createSgd } from './network.js';
export { copyBuffers, emaDecay, emaUpdate, type MovingAverage, movingAverage } from './optimizers/ema.js';
export { type Schedule, scheduledRate, scheduleSettings } from './optimizers/schedule.js';
export { type Optimizer, Sgd, type SgdOptions } from './optimizers/sgd.js';
export { parseSettings } from './parseSettings.js';
export { type PredictVolumeOptions, predictVolume } from './predict.js';
export { progressSvg } from './report/curves.js';
export type { Block, Figure, ReportDocument, Table } from './report/document.js';
export { renderHtml } from './report/html.js';
export { renderMarkdown } from './report/markdown.js';
export { type OverlayVolumes, overlayPng } from './report/overlay.js';
export { writeProgress } from './report/progress.js';
export { buildReport, type ReportOptions, writeReport } from './report/report.js';
export { type ReportRun, readReportRun, saveOverlay } from './report/runs.js';
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
export {
  type AugmentationSettings,
  type NetworkSettings,
  type OptimizerSettings,
  type TrainSettings,
  type TrainSettingsInput,
  trainSettings,
} from './settings.js';
export { mostProbable, type SlidingWindowOptions, slidingWindow, type WindowPredictor } from './slidingWindow.js';

export { memoryStore } from './store/memoryStore.js';
export type { RunStore } from './store/runStore.js';
export { type EvaluationPlan, evaluate } from './trainer/evaluation.js';
export type { TrainEvent } from './trainer/events.js';
export { checkMemory, checkPatch, estimateMemory, type MemoryQuestion } from './trainer/memory.js';
export { Session } from './trainer/session.js';
export { type TrainOptions, train } from './trainer.js';
export type { Model } from './weights.js';
export { windowStarts } from './windows.js';
