import { CrlnError, type RandomStream, stream, type Triple } from '@crln/core';
import { once } from '@crln/ops';
import type { serialization, Tensor, Tensor5D } from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { DerivedInitializer, type Fill } from './initializers.js';

/** What every layer of this package takes beside its own options. */
export interface Layer3dOptions {
  /** Unique within a model. It names the weights (`encoder1/conv1/kernel`) and with the seed decides their first values. */
  name?: string;
  trainable?: boolean;
  /** Seed of the first values of the weights, and of random masks where the call gives no seed. Default 0. */
  seed?: number;
}

/** What a call of a layer or model may say. */
export interface CallOptions {
  /** Batch statistics and random masks (true), or running statistics and none (false, the default). */
  training?: boolean;
  /** Seed of this call's random masks; another one every step. */
  seed?: number;
}

/** What tfjs hands to `call`. */
export type Kwargs = Record<string, unknown>;

/** Base of the layers: weights with derived first values, random streams, shapes [N, D, H, W, C] with unknown sizes as null. */
export abstract class Layer3d extends layers.Layer {
  readonly seed: number;
  /** The shape or shapes the weights were made for; a saved layer is rebuilt from it. */
  builtFor: Shape | Shape[] | null = null;
  #calls = 0;

  constructor(options: Layer3dOptions = {}) {
    super(options as ConstructorParameters<typeof layers.Layer>[0]);
    this.seed = options.seed ?? 0;
  }

  override build(inputShape: Shape | Shape[]): void {
    this.builtFor = inputShape;
    super.build(inputShape);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), seed: this.seed };
  }

  protected weight(name: string, shape: number[], fill: Fill, trainable = true): LayerVariable {
    const initializer = new DerivedInitializer(this.seed, `${this.name}/${name}`, fill);
    return this.addWeight(name, shape, 'float32', initializer, undefined, trainable);
  }

  /**
   * The random stream of one use in one call. Calls in training should carry `seed`; where one does not (`model.fit`), the
   * layer's own seed and a count of its calls stand in.
   */
  protected random(kwargs: Kwargs, purpose: string): RandomStream {
    const name = `${purpose}/${this.name}`;
    if (typeof kwargs.seed === 'number') return stream(kwargs.seed, name);
    return stream(
      this.seed,
      name,
      once(() => ++this.#calls),
    );
  }
}

/** The one tensor of a call, checked to be [N, D, H, W, C]. */
export function volumes(inputs: Tensor | Tensor[], layer: string): Tensor5D {
  const x = Array.isArray(inputs) ? inputs[0] : inputs;
  if (x?.rank !== 5) {
    throw new CrlnError('invalid-shape', `${layer}: expected [N, D, H, W, C], got [${x?.shape}]`, {
      layer,
      shape: x?.shape,
    });
  }
  return x as Tensor5D;
}

/** The one shape of a layer with one input. */
const oneShape = (shape: Shape | Shape[]): Shape => (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

/** The number of channels of [N, D, H, W, C]; it must be known when a layer is built. */
export function channelsOf(inputShape: Shape | Shape[], layer: string): number {
  const shape = oneShape(inputShape);
  const channels = shape[4];
  if (shape.length !== 5 || channels == null) {
    throw new CrlnError(
      'invalid-shape',
      `${layer}: expected an input [N, D, H, W, C] with a known number of channels, got [${shape}]`,
      { layer, shape },
    );
  }
  return channels;
}

/** Applies a rule for [D, H, W] to a shape that may have unknown sizes: these stay unknown. */
export function mapSpace(inputShape: Shape | Shape[], channels: number, rule: (size: Triple) => Triple): Shape {
  const [n = null, ...size] = oneShape(inputShape).slice(0, 4);
  const mapped = rule(size.map((s) => s ?? UNKNOWN) as Triple);
  return [n, ...mapped.map((s, axis) => (size[axis] == null ? null : s)), channels];
}

/** Stands in for an unknown size while a shape rule runs; large enough for any kernel. */
const UNKNOWN = 1 << 16;
