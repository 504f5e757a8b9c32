import { convOutputSize, type Padding3d, resolvePads, type Triple, triple } from '@crln/core';
import { maxPool3d } from '@crln/ops';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { channelsOf, Layer3d, type Layer3dOptions, mapSpace, volumes } from './layer3d.js';

export interface MaxPool3dOptions extends Layer3dOptions {
  /** Default 2. */
  poolSize?: number | Triple;
  /** Default `poolSize`. */
  strides?: number | Triple;
  /** Default `'valid'`. */
  padding?: 'same' | 'valid';
}

/** The maximum of every pooling window, [N, D, H, W, C] → [N, D', H', W', C]. */
export class MaxPool3d extends Layer3d {
  static readonly className = 'CrlnMaxPool3d';
  readonly #poolSize: Triple;
  readonly #strides: Triple;
  readonly #padding: 'same' | 'valid';

  constructor(options: MaxPool3dOptions = {}) {
    super(options);
    this.#poolSize = triple(options.poolSize ?? 2, `${this.name}: poolSize`);
    this.#strides = triple(options.strides ?? this.#poolSize, `${this.name}: strides`);
    this.#padding = options.padding ?? 'valid';
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return maxPool3d(volumes(inputs, this.name), {
      poolSize: this.#poolSize,
      strides: this.#strides,
      padding: this.#padding,
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const once: Triple = [1, 1, 1];
    return mapSpace(inputShape, channelsOf(inputShape, this.name), (size) => {
      const pads = resolvePads(this.#padding satisfies Padding3d, size, this.#poolSize, this.#strides, once);
      return convOutputSize(size, this.#poolSize, this.#strides, pads, once, this.name);
    });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), poolSize: this.#poolSize, strides: this.#strides, padding: this.#padding };
  }
}
