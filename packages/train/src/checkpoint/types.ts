/** A tensor outside the backend: float32 values in C order. */
export interface NamedTensor {
  shape: number[];
  data: Float32Array;
}

/** Tensors by their stable names, such as `encoder1/conv1/kernel`. */
export type NamedTensors = Record<string, NamedTensor>;

/** A value that JSON can hold. Numbers must be finite. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** All that a run needs to go on: the weights of every model, the slots of every optimizer, the method's own variables, and facts. */
export interface CheckpointContent {
  /** Weights by model name (`student`, `teacher` …), trainable and not. */
  models: Record<string, NamedTensors>;
  /** Optimizer slots (velocities) by optimizer name, then by parameter name. */
  optimizers: Record<string, NamedTensors>;
  /** The method's own variables (μ …). */
  state: NamedTensors;
  /** Small facts as JSON: counters, the best score so far, the seed. Nothing that depends on the clock, or resumed runs would differ. */
  info: Record<string, Json>;
}

/** A checkpoint read back. `iteration` counts finished iterations. */
export interface Checkpoint extends CheckpointContent {
  iteration: number;
}

/** A score that made a checkpoint the best so far. `split` is where it was measured. */
export interface BestScore {
  split: string;
  metric: string;
  value: number;
}

/** The pointer files of a run folder. `best` is the best on `val`; `best-on-test` is written only where somebody asked for it. */
export type CheckpointPointer = 'last' | 'best' | 'best-on-test';
