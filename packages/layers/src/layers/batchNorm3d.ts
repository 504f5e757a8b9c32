import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { applyBatchNorm, type BatchNormWeights, batchNormWeights } from './batchStatistics.js';
import { channelsOf, type Kwargs, Layer3d, type Layer3dOptions, volumes } from './layer3d.js';

export interface BatchNorm3dOptions extends Layer3dOptions {
  /** Added to the variance. Default 1e-5. */
  epsilon?: number;
  /** PyTorch's momentum: the share of the new batch in the running statistics. Default 0.1. */
  momentum?: number;
  /** Learnable gain and bias. Default true. */
  affine?: boolean;
  /** ReLU after it, in the same kernel. Default false. */
  relu?: boolean;
}

/**
 * Batch normalisation of [N, D, H, W, C] over all axes but the last: y = γ·(x − mean)/√(variance + ε) + β (Ioffe & Szegedy
 * 2015). In training the batch's biased variance normalises, and the running statistics take in mean and UNBIASED variance with
 * `momentum`, as in PyTorch. Otherwise the running statistics normalise. Weights: `gamma`, `beta`; not trainable: `runningMean`,
 * `runningVariance`; all [C].
 */
export class BatchNorm3d extends Layer3d {
  static readonly className = 'CrlnBatchNorm3d';
  readonly #options: Required<Omit<BatchNorm3dOptions, keyof Layer3dOptions>>;
  #weights!: BatchNormWeights;

  constructor(options: BatchNorm3dOptions = {}) {
    super(options);
    const { epsilon = 1e-5, momentum = 0.1, affine = true, relu = false } = options;
    this.#options = { epsilon, momentum, affine, relu };
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = channelsOf(inputShape, this.name);
    this.#weights = batchNormWeights(this.weight.bind(this), channels, this.#options.affine);
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor {
    return applyBatchNorm(volumes(inputs, this.name), this.#weights, kwargs.training === true, this.#options);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}
