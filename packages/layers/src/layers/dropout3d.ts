import { CrlnError, type RandomStream } from '@crln/core';
import { channelDropout, dropout } from '@crln/ops';
import type { serialization, Tensor, Tensor5D } from '@tensorflow/tfjs-core';
import { type Kwargs, Layer3d, type Layer3dOptions, volumes } from './layer3d.js';

export interface Dropout3dOptions extends Layer3dOptions {
  /** Probability of a zero, in [0, 1). Default 0.5. */
  rate?: number;
}

type Mask = <T extends Tensor>(x: T, rate: number, random: RandomStream) => T;

/** Zeroes values with probability `rate` in training and scales the rest by 1/(1 − rate); otherwise hands its input on. */
abstract class AnyDropout3d extends Layer3d {
  readonly #rate: number;

  constructor(options: Dropout3dOptions = {}) {
    super(options);
    this.#rate = options.rate ?? 0.5;
    if (!(this.#rate >= 0 && this.#rate < 1)) {
      throw new CrlnError('invalid-option', `${this.name}: rate must be in [0, 1), got ${this.#rate}`, {
        rate: this.#rate,
      });
    }
  }

  protected abstract readonly mask: Mask;

  override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor {
    const x: Tensor5D = volumes(inputs, this.name);
    if (kwargs.training !== true || this.#rate === 0) return x;
    return this.mask(x, this.#rate, this.random(kwargs, 'dropout'));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.#rate };
  }
}

/** Dropout of single values of [N, D, H, W, C] (Srivastava et al. 2014). The mask comes from the call's `seed`. */
export class Dropout3d extends AnyDropout3d {
  static readonly className = 'CrlnDropout3d';
  protected override readonly mask: Mask = dropout;
}

/** Dropout of whole channels of a sample (Tompson et al. 2015; PyTorch's `Dropout3d`). The mask comes from the call's `seed`. */
export class ChannelDropout3d extends AnyDropout3d {
  static readonly className = 'CrlnChannelDropout3d';
  protected override readonly mask: Mask = channelDropout;
}
