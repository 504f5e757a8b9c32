import { CrlnError } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { constant } from './layers/initializers.js';
import { type Kwargs, Layer3d, type Layer3dOptions } from './layers/layer3d.js';

export interface RectifierOptions extends Layer3dOptions {
  /** Keep μ in [0, 1] (`paper`); default false (`reference`). */
  clip?: boolean;
  /** First value of μ. Default 0. */
  init?: number;
}

/** clip(μ, 0, 1) whose gradient vanishes only where a descent step would lead further out, so that μ cannot get stuck there. */
const clipToUnit = (mu: tf.Tensor): tf.Tensor =>
  tf.customGrad((x, save) => {
    const value = x as tf.Tensor;
    (save as (tensors: tf.Tensor[]) => void)([value]);
    return {
      value: tf.clipByValue(value, 0, 1),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const below = tf.logicalAnd(tf.less(saved[0]!, 0), tf.greater(dy, 0));
        const above = tf.logicalAnd(tf.greater(saved[0]!, 1), tf.less(dy, 0));
        return tf.where(tf.logicalOr(below, above), tf.zerosLike(dy), dy);
      },
    };
  })(mu);

/**
 * Rectification (CRLN, section 3.3): `apply([logits, map])` = logits + (1 − μ)·map with one learnable scalar μ. Both are
 * [N, D, H, W, C]; the pseudo-label is the argmax of the result and its confidence the maximum of its softmax.
 */
export class Rectifier extends Layer3d {
  static readonly className = 'CrlnRectifier';
  readonly #clip: boolean;
  readonly #init: number;
  #mu!: LayerVariable;

  constructor(options: RectifierOptions = {}) {
    super(options);
    this.#clip = options.clip ?? false;
    this.#init = options.init ?? 0;
  }

  /** μ itself, unclipped: a scalar. It exists once the layer is built; {@link rectifier} builds it. */
  get mu(): LayerVariable {
    return this.#mu;
  }

  override build(inputShape: Shape | Shape[]): void {
    this.#mu = this.weight('mu', [], constant(this.#init));
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], _kwargs?: Kwargs): tf.Tensor {
    const [logits, map] = inputs as tf.Tensor[];
    if (!logits || !map || logits.shape.join() !== map.shape.join()) {
      throw new CrlnError(
        'invalid-shape',
        `${this.name}: expected [logits, map] of one shape [N, D, H, W, C], got [${logits?.shape}] and [${map?.shape}]`,
        { logits: logits?.shape, map: map?.shape },
      );
    }
    return tf.tidy(() => {
      const mu = this.#clip ? clipToUnit(this.#mu.read()) : this.#mu.read();
      return tf.add(logits, tf.mul(tf.sub(1, mu), map));
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return (inputShape as Shape[])[0]!;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), clip: this.#clip, init: this.#init };
  }
}
