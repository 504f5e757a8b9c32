import { CrlnError, KERNELS, type RandomStream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast } from './checks.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';
import { once } from './recompute.js';

/**
 * Drops whole channels of a sample with probability `rate` and scales the others by 1/(1 − rate). (Tompson et al. 2015; PyTorch's `Dropout3d`.)
 * @param x [N, …, C]
 * @throws CrlnError `invalid-option` unless 0 ≤ rate < 1.
 */
export function channelDropout<T extends tf.Tensor>(x: T, rate: number, rng: RandomStream): T {
  const channels = expectChannelsLast(x, 'x');
  const samples = x.shape[0] as number;
  const kept = drawMask(samples * channels, rate, rng);
  if (!kept) return tf.clone(x);
  return masked(x, kept, [samples, channels], scaleChannels);
}

/** x scaled by a mask. The gradient needs the mask alone (that of tf.mul would keep x too). */
function masked<T extends tf.Tensor>(
  x: T,
  kept: Float32Array,
  shape: number[],
  scale: (x: tf.Tensor, mask: tf.Tensor) => tf.Tensor,
): T {
  return tf.tidy(() => {
    const mask = tf.tensor(kept, shape);
    return differentiable('dropout', {
      inputs: { x },
      forward: (save) => {
        save([mask]);
        return [scale(x, mask)];
      },
      gradient: ([dy], [mask]) => ({ x: () => scale(dy!, mask!) }),
    })[0] as T;
  });
}

function scaleChannels(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  if (hasKernel(KERNELS.ScaleChannels)) return runKernel(KERNELS.ScaleChannels, { x, mask })[0]!;
  const [samples, channels] = mask.shape as [number, number];
  const grouped = tf.reshape(x, [samples, -1, channels]);
  return tf.reshape(tf.mul(grouped, tf.expandDims(mask, 1)), x.shape);
}

/**
 * Drops single values with probability `rate` and scales the others by 1/(1 − rate). (Srivastava et al. 2014.)
 * @throws CrlnError `invalid-option` unless 0 ≤ rate < 1.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, rng: RandomStream): T {
  const kept = drawMask(x.size, rate, rng);
  return kept ? masked(x, kept, x.shape, tf.mul) : tf.clone(x);
}

/**
 * Stochastic depth: drops whole samples of a residual branch with probability `rate` and scales the others by 1/(1 − rate). (Huang et al. 2016.)
 * @param x [N, …]
 * @throws CrlnError `invalid-option` unless 0 ≤ rate < 1.
 */
export function dropPath<T extends tf.Tensor>(x: T, rate: number, rng: RandomStream): T {
  const samples = x.shape[0] as number;
  const kept = drawMask(samples, rate, rng);
  const scale = (y: tf.Tensor, mask: tf.Tensor) => tf.reshape(tf.mul(tf.reshape(y, [samples, -1]), mask), y.shape);
  return kept ? masked(x, kept, [samples, 1], scale) : tf.clone(x);
}

/** `size` values of 0 or 1/(1 − rate), drawn on the CPU so that every backend drops the same; undefined where nothing is dropped. */
function drawMask(size: number, rate: number, rng: RandomStream): Float32Array | undefined {
  if (!(rate >= 0 && rate < 1)) {
    throw new CrlnError('invalid-option', `dropout rate: expected 0 <= rate < 1, got ${rate}`, { rate });
  }
  if (rate === 0) return undefined;
  const scale = 1 / (1 - rate);
  return once(() => {
    const mask = new Float32Array(size);
    for (let i = 0; i < size; i++) mask[i] = rng.uniform() < rate ? 0 : scale;
    return mask;
  });
}
