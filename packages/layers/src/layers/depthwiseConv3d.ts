import { convOutputSize, type Padding3d, resolvePads, type Triple, triple } from '@crln/core';
import { depthwiseConv3d } from '@crln/ops';
import type { serialization, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { fanInUniform, kaimingNormal } from './initializers.js';
import { channelsOf, Layer3d, type Layer3dOptions, mapSpace, volumes } from './layer3d.js';

export interface DepthwiseConv3dOptions extends Layer3dOptions {
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
 * 3-D convolution of every channel with a kernel of its own, [N, D, H, W, C] → [N, D', H', W', C]. Weights: `kernel`
 * [kd, kh, kw, C], Kaiming normal; `bias` [C], U(±1/√fanIn) with fanIn = kd·kh·kw.
 */
export class DepthwiseConv3d extends Layer3d {
  static readonly className = 'CrlnDepthwiseConv3d';
  readonly #options: Required<Omit<DepthwiseConv3dOptions, keyof Layer3dOptions>>;
  readonly #kernelSize: Triple;
  #kernel!: LayerVariable;
  #bias: LayerVariable | null = null;

  constructor(options: DepthwiseConv3dOptions) {
    super(options);
    const { kernelSize, strides = 1, padding = 'same', dilations = 1, useBias = true } = options;
    this.#options = { kernelSize, strides, padding, dilations, useBias };
    this.#kernelSize = triple(kernelSize, `${this.name}: kernelSize`);
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = channelsOf(inputShape, this.name);
    const [d, h, w] = this.#kernelSize;
    this.#kernel = this.weight('kernel', [d, h, w, channels], kaimingNormal(d * h * w));
    if (this.#options.useBias) this.#bias = this.weight('bias', [channels], fanInUniform(d * h * w));
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { strides, padding, dilations } = this.#options;
    return depthwiseConv3d(volumes(inputs, this.name), this.#kernel.read() as Tensor4D, {
      strides,
      padding,
      dilations,
      ...(this.#bias && { bias: this.#bias.read() as Tensor1D }),
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const strides = triple(this.#options.strides);
    const dilations = triple(this.#options.dilations);
    return mapSpace(inputShape, channelsOf(inputShape, this.name), (size) =>
      convOutputSize(
        size,
        this.#kernelSize,
        strides,
        resolvePads(this.#options.padding, size, this.#kernelSize, strides, dilations),
        dilations,
        this.name,
      ),
    );
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}
