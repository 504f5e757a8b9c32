import { instanceNorm } from '@crln/ops';
import type { serialization, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { constant } from './initializers.js';
import { channelsOf, Layer3d, type Layer3dOptions, volumes } from './layer3d.js';

export interface InstanceNorm3dOptions extends Layer3dOptions {
  /** Added to the variance. Default 1e-5. */
  epsilon?: number;
  /** Learnable gain and bias. Default false, as in PyTorch. */
  affine?: boolean;
  /** ReLU after it, in the same kernel. Default false. */
  relu?: boolean;
}

/**
 * Normalises every channel of every sample of [N, D, H, W, C] over its own voxels, with the biased variance, in training and
 * inference alike (Ulyanov et al. 2016). Weights where `affine`: `gamma`, `beta` [C].
 */
export class InstanceNorm3d extends Layer3d {
  static readonly className = 'CrlnInstanceNorm3d';
  readonly #options: Required<Omit<InstanceNorm3dOptions, keyof Layer3dOptions>>;
  #gamma: LayerVariable | null = null;
  #beta: LayerVariable | null = null;

  constructor(options: InstanceNorm3dOptions = {}) {
    super(options);
    const { epsilon = 1e-5, affine = false, relu = false } = options;
    this.#options = { epsilon, affine, relu };
  }

  override build(inputShape: Shape | Shape[]): void {
    if (this.#options.affine) {
      const channels = channelsOf(inputShape, this.name);
      this.#gamma = this.weight('gamma', [channels], constant(1));
      this.#beta = this.weight('beta', [channels], constant(0));
    }
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { epsilon, relu } = this.#options;
    return instanceNorm(volumes(inputs, this.name), {
      epsilon,
      relu,
      ...(this.#gamma && { gamma: this.#gamma.read() as Tensor1D }),
      ...(this.#beta && { beta: this.#beta.read() as Tensor1D }),
    });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}
