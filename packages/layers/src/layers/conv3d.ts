import { convOutputSize, type Padding3d, resolvePads, type Triple, triple } from '@crln/core';
import { conv3d } from '@crln/ops';
import type { serialization, Tensor, Tensor1D, Tensor5D } from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { fanInUniform, kaimingNormal } from './initializers.js';
import { channelsOf, Layer3d, type Layer3dOptions, mapSpace, volumes } from './layer3d.js';

export interface Conv3dOptions extends Layer3dOptions {
  /** Output channels. */
  filters: number;
  kernelSize: number | Triple;
  /** Default 1. */
  strides?: number | Triple;
  /** Default `'same'`; numbers pad as PyTorch does. */
  padding?: Padding3d;
  /** Default 1. */
  dilations?: number | Triple;
  /** Default true. */
  useBias?: boolean;
}

/**
 * 3-D convolution [N, D, H, W, Ci] → [N, D', H', W', filters]. Weights: `kernel` [kd, kh, kw, Ci, filters], Kaiming normal;
 * `bias` [filters], U(±1/√fanIn) with fanIn = kd·kh·kw·Ci.
 */
export class Conv3d extends Layer3d {
  static readonly className = 'CrlnConv3d';
  readonly #options: Required<Omit<Conv3dOptions, keyof Layer3dOptions>>;
  readonly #kernelSize: Triple;
  #kernel!: LayerVariable;
  #bias: LayerVariable | null = null;

  constructor(options: Conv3dOptions) {
    super(options);
    const { filters, kernelSize, strides = 1, padding = 'same', dilations = 1, useBias = true } = options;
    this.#options = { filters, kernelSize, strides, padding, dilations, useBias };
    this.#kernelSize = triple(kernelSize, `${this.name}: kernelSize`);
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = channelsOf(inputShape, this.name);
    const { filters, useBias } = this.#options;
    const [d, h, w] = this.#kernelSize;
    const fanIn = d * h * w * channels;
    this.#kernel = this.weight('kernel', [d, h, w, channels, filters], kaimingNormal(fanIn));
    if (useBias) this.#bias = this.weight('bias', [filters], fanInUniform(fanIn));
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { strides, padding, dilations } = this.#options;
    return conv3d(volumes(inputs, this.name), this.#kernel.read() as Tensor5D, {
      strides,
      padding,
      dilations,
      ...(this.#bias && { bias: this.#bias.read() as Tensor1D }),
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const { filters, padding } = this.#options;
    const strides = triple(this.#options.strides);
    const dilations = triple(this.#options.dilations);
    return mapSpace(inputShape, filters, (size) =>
      convOutputSize(
        size,
        this.#kernelSize,
        strides,
        resolvePads(padding, size, this.#kernelSize, strides, dilations),
        dilations,
        this.name,
      ),
    );
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}
