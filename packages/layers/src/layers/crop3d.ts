import { CrlnError, type Pads3d, type Triple } from '@crln/core';
import { crop3d } from '@crln/ops';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { channelsOf, Layer3d, type Layer3dOptions, mapSpace, volumes } from './layer3d.js';
import { pairs } from './zeroPad3d.js';

export interface Crop3dOptions extends Layer3dOptions {
  /** Voxels taken off both ends of every axis, of each axis, or [before, after] of each axis. Default 1. */
  cropping?: number | Triple | Pads3d;
}

/** Takes voxels off the ends of [N, D, H, W, C]: undoes {@link ZeroPad3d}. */
export class Crop3d extends Layer3d {
  static readonly className = 'CrlnCrop3d';
  readonly #cropping: Pads3d;

  constructor(options: Crop3dOptions = {}) {
    super(options);
    this.#cropping = pairs(options.cropping ?? 1, `${this.name}: cropping`);
  }

  #rest(size: readonly number[]): Triple {
    const rest = this.#cropping.map(([before, after], axis) => size[axis]! - before - after) as Triple;
    if (rest.some((s) => s < 1)) {
      throw new CrlnError(
        'invalid-shape',
        `${this.name}: cropping ${JSON.stringify(this.#cropping)} leaves nothing of [D, H, W] = [${size}]`,
        { size, cropping: this.#cropping },
      );
    }
    return rest;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = volumes(inputs, this.name);
    return crop3d(x, this.#cropping.map(([before]) => before) as Triple, this.#rest(x.shape.slice(1, 4)));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return mapSpace(inputShape, channelsOf(inputShape, this.name), (size) => this.#rest(size));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), cropping: this.#cropping };
  }
}
