/**
 * Trains, evaluates and predicts: methods, checkpoints, sliding-window inference, metrics, reports.
 * @packageDocumentation
 */

// --- stores, checkpoints, inference, metrics, reports ---
export type {
  BestScore,
  Checkpoint,
  CheckpointContent,
  CheckpointPointer,
  Json,
  NamedTensor,
  NamedTensors,
} from './checkpoint/types.js';
export { memoryStore } from './store/memoryStore.js';
export type { RunStore } from './store/runStore.js';
