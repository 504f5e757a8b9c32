import {
  CrlnError,
  convOutputSize,
  KERNELS,
  type Padding3d,
  type PoolAttrs,
  resolvePads,
  type Triple,
  triple,
} from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { spatial, spread, thin } from './axis.js';
import { expectShape } from './checks.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

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
  if (hasKernel(KERNELS.MaxPool3d)) return pooled(x, { poolSize, strides, pads });
  // A maximum over a box is one over its rows, then columns, then planes: 3k comparisons, not k³. W first: of equal maxima the first wins.
  return tf.tidy(() =>
    [2, 1, 0].reduce<tf.Tensor>((y, a) => poolAxis(y, a + 1, poolSize[a]!, strides[a]!, pads[a]!, size[a]!), x),
  ) as tf.Tensor5D;
}

/** By the kernel of the backend. */
function pooled(x: tf.Tensor, attrs: PoolAttrs): tf.Tensor5D {
  return differentiable('maxPool3d', {
    inputs: { x },
    forward: (save) => {
      const y = runKernel(KERNELS.MaxPool3d, { x }, attrs)[0]!;
      save([x, y]);
      return [y];
    },
    gradient: ([dy], [x, y]) => ({ x: () => runKernel(KERNELS.MaxPool3dGrad, { dy, x, y }, attrs)[0]! }),
  })[0] as tf.Tensor5D;
}

function poolAxis(
  x: tf.Tensor,
  axis: number,
  window: number,
  stride: number,
  [before, after]: [number, number],
  count: number,
): tf.Tensor {
  const length = x.shape[axis]! + before + after;
  const span = (count - 1) * stride + 1;
  const onAxis = <T>(value: T, other: T) => x.shape.map((_, a) => (a === axis ? value : other));
  const padded = (t: tf.Tensor) =>
    before + after === 0 ? t : tf.pad(t, onAxis<[number, number]>([before, after], [0, 0]), LOWEST);
  /** What the windows see at their tap-th position. */
  const seen = (t: tf.Tensor, tap: number) => thin(tf.slice(t, onAxis(tap, 0), onAxis(span, -1)), axis, stride, count);
  const taps = Array.from({ length: window }, (_, i) => i);
  return differentiable('maxPool3d', {
    inputs: { x },
    forward: (save) => {
      const whole = padded(x);
      const y = taps.map((tap) => seen(whole, tap)).reduce((a, b) => tf.maximum(a, b));
      save([x, y]);
      return [y];
    },
    gradient: ([dy], [x, y]) => ({
      x: () => {
        const whole = padded(x!);
        let left = dy!;
        const shares = taps.map((tap) => {
          const share = tf.mul(left, tf.cast(tf.equal(seen(whole, tap), y!), 'float32'));
          left = tf.sub(left, share);
          return tf.pad(spread(share, axis, stride), onAxis<[number, number]>([tap, length - tap - span], [0, 0]));
        });
        const dx = shares.reduce((a, b) => tf.add(a, b));
        return tf.slice(dx, onAxis(before, 0), x!.shape);
      },
    }),
  })[0]!;
}
