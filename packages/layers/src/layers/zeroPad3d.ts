import { CrlnError, type Pads3d, type Triple, triple } from '@crln/core';
import { pad3d } from '@crln/ops';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { channelsOf, Layer3d, type Layer3dOptions, mapSpace, volumes } from './layer3d.js';

export interface ZeroPad3dOptions extends Layer3dOptions {
  /** Voxels on both ends of every axis, of each axis, or [before, after] of each axis. Default 1. */
  padding?: number | Triple | Pads3d;
}

/** [before, after] of D, H, W from a number, three numbers or three pairs. */
export function pairs(value: number | Triple | Pads3d, name: string): Pads3d {
  const out =
    typeof value === 'number' || typeof value[0] === 'number'
      ? (triple(value as number | Triple, name).map((v) => [v, v]) as Pads3d)
      : (value as Pads3d);
  if (out.length !== 3 || !out.every((p) => p.length === 2 && p.every((v) => Number.isInteger(v) && v >= 0))) {
    throw new CrlnError(
      'invalid-argument',
      `${name}: expected a whole number >= 0, three, or three pairs, got ${JSON.stringify(value)}`,
      { name, value },
    );
  }
  return out;
}

/** Zeros around [N, D, H, W, C]. */
export class ZeroPad3d extends Layer3d {
  static readonly className = 'CrlnZeroPad3d';
  readonly #pads: Pads3d;

  constructor(options: ZeroPad3dOptions = {}) {
    super(options);
    this.#pads = pairs(options.padding ?? 1, `${this.name}: padding`);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return pad3d(volumes(inputs, this.name), this.#pads, { mode: 'constant', value: 0 });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return mapSpace(
      inputShape,
      channelsOf(inputShape, this.name),
      (size) => size.map((s, axis) => s + this.#pads[axis]![0] + this.#pads[axis]![1]) as Triple,
    );
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), padding: this.#pads };
  }
}
