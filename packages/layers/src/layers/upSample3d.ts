import { type Triple, triple } from '@crln/core';
import { resize3d } from '@crln/ops';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { channelsOf, Layer3d, type Layer3dOptions, mapSpace, volumes } from './layer3d.js';

export interface UpSample3dOptions extends Layer3dOptions {
  /** Whole factor an axis. Default 2. */
  size?: number | Triple;
  /** Default `'trilinear'`. */
  mode?: 'trilinear' | 'nearest';
}

/** Enlarges [N, D, H, W, C] by whole factors, as PyTorch's `interpolate` with `align_corners=False` does. */
export class UpSample3d extends Layer3d {
  static readonly className = 'CrlnUpSample3d';
  readonly #size: Triple;
  readonly #mode: 'trilinear' | 'nearest';

  constructor(options: UpSample3dOptions = {}) {
    super(options);
    this.#size = triple(options.size ?? 2, `${this.name}: size`);
    this.#mode = options.mode ?? 'trilinear';
  }

  #enlarged(size: readonly number[]): Triple {
    return this.#size.map((factor, axis) => factor * size[axis]!) as Triple;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = volumes(inputs, this.name);
    return resize3d(x, this.#enlarged(x.shape.slice(1, 4)), { mode: this.#mode, alignCorners: false });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return mapSpace(inputShape, channelsOf(inputShape, this.name), (size) => this.#enlarged(size));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), size: this.#size, mode: this.#mode };
  }
}
