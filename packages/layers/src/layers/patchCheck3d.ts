import { CrlnError } from '@crln/core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import { Layer3d, type Layer3dOptions, volumes } from './layer3d.js';

export interface PatchCheck3dOptions extends Layer3dOptions {
  /** What D, H and W must be a multiple of. */
  multiple: number;
}

/** Hands [N, D, H, W, C] on, or throws a CrlnError `invalid-shape` that names the multiple D, H and W should have. */
export class PatchCheck3d extends Layer3d {
  static readonly className = 'CrlnPatchCheck3d';
  readonly #multiple: number;

  constructor(options: PatchCheck3dOptions) {
    super(options);
    this.#multiple = options.multiple;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = volumes(inputs, this.name);
    const multiple = this.#multiple;
    if (x.shape.slice(1, 4).some((size) => size < 1 || size % multiple !== 0)) {
      throw new CrlnError(
        'invalid-shape',
        `expected [N, D, H, W, C] with D, H and W multiples of ${multiple} (every level of the network halves them), got [${x.shape.join(', ')}]`,
        { shape: x.shape, multiple },
      );
    }
    return x;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), multiple: this.#multiple };
  }
}
