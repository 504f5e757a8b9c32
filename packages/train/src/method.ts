import type { RandomStream, Triple } from '@crln/core';
import type { BatchNeeds } from '@crln/data';
import type { Scalar, Tensor, Tensor5D, Variable } from '@tensorflow/tfjs-core';
import type * as z from 'zod';
import type { Batch } from './batch.js';
import type { Optimizer } from './optimizers/sgd.js';
import type { NetworkSettings, OptimizerSettings } from './settings.js';
import type { Model } from './weights.js';

/** What a method is built from. */
export interface MethodContext<Options> {
  readonly options: Options;
  /** With the background. */
  readonly classes: number;
  readonly inChannels: number;
  /** [D, H, W] of a patch. */
  readonly patch: Triple;
  readonly seed: number;
  readonly network: NetworkSettings;
  readonly optimizer: OptimizerSettings;
}

/** What a method consists of. Checkpoints, resuming and the learning-rate schedule go over these names and know no method. */
export interface Parts {
  models: Record<string, Model>;
  optimizers: Record<string, Optimizer>;
  /** Other variables that change, or that a checkpoint shall have. */
  state?: Record<string, Variable>;
}

/** What a method predicts with. */
export interface PredictContext<Options, P extends Parts> extends MethodContext<Options> {
  readonly parts: P;
}

/** What a method trains with. */
export interface StepContext<Options, P extends Parts> extends PredictContext<Options, P> {
  /** From 0. */
  readonly iteration: number;
  readonly iterations: number;
  /** The random stream of one use in this iteration. */
  stream(purpose: string): RandomStream;
  /** What {@link Method.prepare} made; nothing while it runs, or where there is none. */
  readonly prepared: Prepared;
}

/** Numbers by name, off the backend. */
export type Prepared = Readonly<Record<string, Float32Array | Int32Array>>;

/** What the memory estimate must know of a method's step; absent: one plain network, on all patches of the batch. */
export interface Footprint {
  /** Width of the representation head that its networks have. Default 0: none. */
  representation?: number;
  /** Networks whose activations are held at once for the backward pass. Default 1. */
  networks?: number;
  /** Decoders on the encoder of each. Default 1. */
  decoders?: number;
  /** Which share of the batch's patches they see. Default 1. */
  share?: number;
  /** Volumes of all classes at full resolution that its losses keep of each of these patches, beside the usual ones. Default 0. */
  scores?: number;
}

/**
 * A way to train: a plug-in of one small file. A stranger adds one without touching the trainer.
 *
 * @typeParam Options its own settings, defaults filled in
 * @typeParam P its models and optimizers, by name
 */
export interface Method<Options = unknown, P extends Parts = Parts> {
  readonly name: string;
  /** Checks the settings and fills in the defaults. Use `z.strictObject`, so that a misspelt key is an error. */
  readonly options: z.ZodType<Options>;
  /** What its batches must hold. */
  needs(options: Options): BatchNeeds;
  /** For the memory estimate. */
  footprint?(options: Options, network: NetworkSettings): Footprint;
  build(context: MethodContext<Options>): P;
  /**
   * What a step needs and no kernel can do: awaited before {@link Method.step}, outside of `tf.tidy`. It may read tensors back, which makes the
   * backend wait in every iteration, and disposes what it makes. Without it a step reads nothing back.
   */
  prepare?(batch: Batch, context: StepContext<Options, P>): Promise<Prepared>;
  /**
   * One iteration: losses, gradients, updates. Synchronous, run inside `tf.tidy`, and reads nothing back.
   * @returns scalars to log, `loss` among them
   */
  step(batch: Batch, context: StepContext<Options, P>): Record<string, Scalar>;
  /** Class probabilities [N, D, H, W, C] of patches [N, D, H, W, channels]: what evaluation and prediction use. */
  predict(patches: Tensor5D, context: PredictContext<Options, P>): Tensor;
}

/** A method of any options and parts: what a trainer or a list of methods holds. */
// biome-ignore lint/suspicious/noExplicitAny: options and parts are each method's own business; `any` is what makes them fit one list.
export type AnyMethod = Method<any, any>;
