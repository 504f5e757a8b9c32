import { CrlnError, convOutputSize, type Padding3d, resolvePads, type Triple, triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { cropSpace, padSpace, positions, spatial, spreadAll, thinAll } from './axis.js';
import { expectShape } from './checks.js';
import { differentiable } from './kernel.js';

export interface MaxPoolOptions {
  /** Window, a number or [D, H, W]; 2 by default. */
  poolSize?: number | Triple | undefined;
  /** As poolSize by default. */
  strides?: number | Triple | undefined;
  /** As of `conv3d`; `'valid'` by default. Padding never wins a maximum. */
  padding?: Padding3d | undefined;
}

// Below every float32 a network produces; −Infinity would become NaN where a mask multiplies it.
const LOWEST = -3.4e38;

/**
 * 3-D max-pooling. The gradient goes to the first maximum of a window in D, H, W order, as in PyTorch. (Stock `tf.maxPool3d` gives it to the
 * last, and to wrong voxels for windows that are no cubes.)
 *
 * @param x [N, D, H, W, C]
 * @returns [N, D', H', W', C]
 * @throws CrlnError `invalid-shape`, `invalid-option`
 */
export function maxPool3d(x: tf.Tensor, options: MaxPoolOptions = {}): tf.Tensor5D {
  expectShape(x, 'x', ['N', 'D', 'H', 'W', 'C']);
  const poolSize = triple(options.poolSize ?? 2, 'poolSize');
  const strides = triple(options.strides ?? poolSize, 'strides');
  if ([...poolSize, ...strides].some((n) => n < 1)) {
    throw new CrlnError(
      'invalid-option',
      `maxPool3d: poolSize [${poolSize}] and strides [${strides}] must be at least 1`,
      {
        poolSize,
        strides,
      },
    );
  }
  const ones: Triple = [1, 1, 1];
  const pads = resolvePads(options.padding ?? 'valid', spatial(x.shape), poolSize, strides, ones);
  const size = convOutputSize(spatial(x.shape), poolSize, strides, pads, ones, 'maxPool3d');
  const taps = positions(poolSize);
  /** What each window sees at one of its positions. */
  const seen = (padded: tf.Tensor, tap: Triple) => {
    const span = size.map((n, a) => (n - 1) * strides[a]! + 1) as Triple;
    return thinAll(cropSpace(padded, tap, span), [1, 2, 3], strides, size);
  };
  return differentiable('maxPool3d', {
    inputs: { x },
    forward: (save) => {
      const padded = padSpace(x, pads, LOWEST);
      const y = taps.map((tap) => seen(padded, tap)).reduce((a, b) => tf.maximum(a, b));
      save([x, y]);
      return [y];
    },
    gradient: ([dy], [x, y]) => ({
      x: () => {
        const padded = padSpace(x!, pads, LOWEST);
        const whole = spatial(padded.shape);
        let left = dy!;
        let dx: tf.Tensor | undefined;
        for (const tap of taps) {
          const hit = tf.cast(tf.equal(seen(padded, tap), y!), 'float32');
          const share = tf.mul(left, hit);
          left = tf.sub(left, share);
          const spread = spreadAll(share, [1, 2, 3], strides);
          const placed = padSpace(
            spread,
            tap.map((t, a) => [t, whole[a]! - t - spread.shape[a + 1]!]) as [
              [number, number],
              [number, number],
              [number, number],
            ],
          );
          dx = dx ? tf.add(dx, placed) : placed;
        }
        return cropSpace(dx!, pads.map((pad) => pad[0]) as Triple, spatial(x!.shape));
      },
    }),
  })[0] as tf.Tensor5D;
}
