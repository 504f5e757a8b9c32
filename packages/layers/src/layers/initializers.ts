import { type RandomStream, stream } from '@crln/core';
import { serialization, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Makes the `n` first values of a weight from a random stream of its own. */
export type Fill = (random: RandomStream, n: number) => Float32Array;

/** Every value the same. */
export const constant =
  (value: number): Fill =>
  (_, n) =>
    new Float32Array(n).fill(value);

/** U(−bound, bound). */
const uniform =
  (bound: number): Fill =>
  (random, n) =>
    Float32Array.from({ length: n }, () => random.range(-bound, bound));

/** N(0, std²). */
const normal =
  (std: number): Fill =>
  (random, n) =>
    Float32Array.from({ length: n }, () => std * random.normal());

/** N(0, std²) without the values further than 2·std from 0, which are drawn again. */
export const truncatedNormal =
  (std: number): Fill =>
  (random, n) =>
    Float32Array.from({ length: n }, () => {
      let z = random.normal();
      while (Math.abs(z) > 2) z = random.normal();
      return std * z;
    });

/** Kaiming He's normal initialisation for ReLU networks: N(0, 2 / fanIn) (He et al. 2015; gain √2). */
export const kaimingNormal = (fanIn: number): Fill => normal(Math.sqrt(2 / fanIn));

/** U(±1/√fanIn): PyTorch's default for biases, Linear and transposed convolutions. */
export const fanInUniform = (fanIn: number): Fill => uniform(1 / Math.sqrt(fanIn));

/**
 * An initializer whose values depend on seed and weight name alone: the order in which layers are made and built cannot
 * change them.
 */
export class DerivedInitializer extends serialization.Serializable {
  static readonly className = 'CrlnDerivedInitializer';
  readonly #seed: number;
  readonly #weight: string;
  readonly #fill: Fill;

  constructor(seed: number, weight: string, fill: Fill) {
    super();
    this.#seed = seed;
    this.#weight = weight;
    this.#fill = fill;
  }

  apply(shape: number[]): Tensor {
    const size = shape.reduce((a, b) => a * b, 1);
    return tensor(this.#fill(stream(this.#seed, `init/${this.#weight}`), size), shape, 'float32');
  }

  fromConfigUsesCustomObjects(): boolean {
    return false;
  }

  getConfig(): serialization.ConfigDict {
    return { seed: this.#seed, weight: this.#weight };
  }
}
