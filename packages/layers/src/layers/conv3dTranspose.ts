import { convTransposeOutputSize, type Padding3d, resolvePads, type Triple, triple } from '@crln/core';
import { conv3dTranspose } from '@crln/ops';
import type { serialization, Tensor, Tensor1D, Tensor5D } from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { fanInUniform } from './initializers.js';
import { channelsOf, Layer3d, type Layer3dOptions, mapSpace, volumes } from './layer3d.js';

export interface Conv3dTransposeOptions extends Layer3dOptions {
  /** Output channels. */
  filters: number;
  kernelSize: number | Triple;
  /** Default 1. */
  strides?: number | Triple;
  /** PyTorch's padding: what it takes off the output. Default `'valid'` (none). */
  padding?: Exclude<Padding3d, 'same'>;
  /** Added to the far end of each axis of the output. Default 0. */
  outputPadding?: number | Triple;
  /** Default 1. */
  dilations?: number | Triple;
  /** Default true. */
  useBias?: boolean;
}

/**
 * 3-D transposed convolution [N, D, H, W, Ci] → [N, D', H', W', filters], D' = (D − 1)·stride − pads + reach + outputPadding.
 * Weights: `kernel` [kd, kh, kw, filters, Ci] and `bias` [filters], both U(±1/√(filters·kd·kh·kw)), PyTorch's default.
 */
export class Conv3dTranspose extends Layer3d {
  static readonly className = 'CrlnConv3dTranspose';
  readonly #options: Required<Omit<Conv3dTransposeOptions, keyof Layer3dOptions>>;
  readonly #kernelSize: Triple;
  #kernel!: LayerVariable;
  #bias: LayerVariable | null = null;

  constructor(options: Conv3dTransposeOptions) {
    super(options);
    const { filters, kernelSize, strides = 1, padding = 'valid', outputPadding = 0, dilations = 1 } = options;
    this.#options = {
      filters,
      kernelSize,
      strides,
      padding,
      outputPadding,
      dilations,
      useBias: options.useBias ?? true,
    };
    this.#kernelSize = triple(kernelSize, `${this.name}: kernelSize`);
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = channelsOf(inputShape, this.name);
    const { filters, useBias } = this.#options;
    const [d, h, w] = this.#kernelSize;
    const fill = fanInUniform(filters * d * h * w);
    this.#kernel = this.weight('kernel', [d, h, w, filters, channels], fill);
    if (useBias) this.#bias = this.weight('bias', [filters], fill);
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { strides, padding, outputPadding, dilations } = this.#options;
    return conv3dTranspose(volumes(inputs, this.name), this.#kernel.read() as Tensor5D, {
      strides,
      padding,
      outputPadding,
      dilations,
      ...(this.#bias && { bias: this.#bias.read() as Tensor1D }),
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const { filters, padding, outputPadding } = this.#options;
    const strides = triple(this.#options.strides);
    const dilations = triple(this.#options.dilations);
    return mapSpace(inputShape, filters, (size) =>
      convTransposeOutputSize(
        size,
        this.#kernelSize,
        strides,
        resolvePads(padding, size, this.#kernelSize, strides, dilations),
        dilations,
        triple(outputPadding),
      ),
    );
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}
