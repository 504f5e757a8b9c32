import { recompute } from '@crln/ops';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import { LayersModel, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { type Kwargs, Layer3d, type Layer3dOptions } from './layer3d.js';

export interface Recompute3dOptions extends Layer3dOptions {
  /** What is computed; it belongs to the layer from then on. */
  model: LayersModel;
}

/**
 * A model as a layer whose activations are not kept for the backward pass but computed once more in it (`recompute` of `@crln/ops`): the same
 * outputs, gradients, masks and running statistics bit for bit, for one forward pass more. Its weights are the model's, by their names.
 */
export class Recompute3d extends Layer3d {
  static readonly className = 'CrlnRecompute3d';
  readonly #model: LayersModel;
  /** Weights that are not trained in any case: running statistics. */
  readonly #fixed: LayerVariable[];

  constructor(options: Recompute3dOptions) {
    const { model, ...rest } = options;
    super(rest);
    this.#model = model;
    this._trainableWeights = model.trainableWeights;
    this.#fixed = model.nonTrainableWeights;
  }

  override get nonTrainableWeights(): LayerVariable[] {
    return [...super.nonTrainableWeights, ...this.#fixed];
  }

  override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
    return recompute((...given) => this.#model.apply(given, kwargs) as Tensor | Tensor[], [inputs].flat());
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    return this.#model.computeOutputShape(inputShape);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), model: this.#model.getConfig() };
  }

  static override fromConfig<T extends serialization.Serializable>(
    layer: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    const model = LayersModel.fromConfig(
      LayersModel as unknown as serialization.SerializableConstructor<LayersModel>,
      config.model as serialization.ConfigDict,
    );
    return new layer({ ...config, model } as unknown as serialization.ConfigDict);
  }
}
