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
export { appendLog, cutLog, type LogLine, METRICS_LOG, readLog } from './checkpoint/log.js';
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
export { memoryStore } from './store/memoryStore.js';
export type { RunStore } from './store/runStore.js';
