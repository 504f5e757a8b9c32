import { CrlnError } from '@crln/core';
import type * as tf from '@tensorflow/tfjs-core';

/** Throws unless `x` has the rank that `layout` names, such as `[N, D, H, W, C]`; `null` entries and letters are free, numbers are not. */
export function expectShape(x: tf.Tensor, name: string, layout: readonly (string | number)[]): void {
  const fits = x.rank === layout.length && layout.every((n, i) => typeof n === 'string' || n === x.shape[i]);
  if (!fits) {
    throw new CrlnError('invalid-shape', `expected ${name} [${layout.join(', ')}], got [${x.shape.join(', ')}]`, {
      name,
      expected: layout,
      shape: x.shape,
    });
  }
}

/** Throws unless `x` is `[N, …, C]`: at least a batch and a channel axis. */
export function expectChannelsLast(x: tf.Tensor, name: string): number {
  if (x.rank < 2) {
    throw new CrlnError('invalid-shape', `expected ${name} [N, …, C], got [${x.shape.join(', ')}]`, {
      name,
      shape: x.shape,
    });
  }
  return x.shape[x.rank - 1] as number;
}

/** Throws unless a given per-channel tensor is `[channels]`. */
export function expectPerChannel(x: tf.Tensor | undefined, name: string, channels: number): void {
  if (x !== undefined) expectShape(x, name, [channels]);
}
