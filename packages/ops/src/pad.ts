import { CrlnError, type Pads3d, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { cropSpace, padSpace } from './axis.js';
import { eachAxis, gatherAxes, movesVoxels, positionsAlong } from './moves.js';

export interface PadOptions {
  /** `'constant'` (default), or `'reflect'`: mirrored at the border voxel, which is not repeated. */
  mode?: 'constant' | 'reflect' | undefined;
  /** Of the padding; 0 by default. */
  value?: number | undefined;
}

/**
 * Adds voxels around D, H and W. Differentiable (stock `tf.mirrorPad` ignores the mirrored voxels in its gradient).
 *
 * @param x [N, D, H, W, C] or [N, D, H, W]
 * @param pads [before, after] of each of D, H, W. `'reflect'` needs them below the axis' size.
 * @throws CrlnError `invalid-shape`, `invalid-option`
 */
export function pad3d<T extends tf.Tensor>(x: T, pads: Pads3d, options: PadOptions = {}): T {
  const { mode = 'constant', value = 0 } = options;
  const size = volumeSize(x);
  pads.forEach((pair, a) => {
    const limit = mode === 'reflect' ? size[a]! - 1 : Number.POSITIVE_INFINITY;
    if (pair.some((p) => !Number.isInteger(p) || p < 0 || p > limit)) {
      throw new CrlnError(
        'invalid-option',
        `pad3d: expected pads of 0 to ${limit} on spatial axis ${a} (mode '${mode}'), got [${pair}]`,
        { pads, mode, size },
      );
    }
  });
  if (movesVoxels(x)) {
    const source = (i: number, n: number) => {
      if (i >= 0 && i < n) return i;
      return mode === 'constant' ? -1 : i < 0 ? -i : 2 * (n - 1) - i;
    };
    const from = eachAxis((axis) => {
      const [n, [before, after]] = [size[axis], pads[axis]];
      return positionsAlong(before + n + after, (i) => source(i - before, n));
    });
    return gatherAxes(x, from, { fill: value });
  }
  return tf.tidy(() => {
    if (mode === 'constant') return tf.clone(padSpace(x, pads, value)) as T;
    return tf.clone(pads.reduce<tf.Tensor>((y, [before, after], a) => reflect(y, a + 1, before, after), x)) as T;
  });
}

function reflect(x: tf.Tensor, axis: number, before: number, after: number): tf.Tensor {
  const n = x.shape[axis] as number;
  const mirrored = (start: number, count: number) => {
    const begin = x.shape.map((_, a) => (a === axis ? start : 0));
    const size = x.shape.map((m, a) => (a === axis ? count : m));
    return tf.reverse(tf.slice(x, begin, size), axis);
  };
  const parts = [
    ...(before > 0 ? [mirrored(1, before)] : []),
    x,
    ...(after > 0 ? [mirrored(n - 1 - after, after)] : []),
  ];
  return parts.length === 1 ? x : tf.concat(parts, axis);
}

/**
 * Takes the box [begin, begin + size) of D, H, W.
 *
 * @param x [N, D, H, W, C] or [N, D, H, W]
 * @throws CrlnError `invalid-shape` where the box leaves the volume.
 */
export function crop3d<T extends tf.Tensor>(x: T, begin: Triple, size: Triple): T {
  const whole = volumeSize(x);
  if (size.some((n, a) => begin[a]! < 0 || n < 1 || begin[a]! + n > whole[a]!)) {
    throw new CrlnError(
      'invalid-shape',
      `crop3d: the box at [${begin}] of size [${size}] leaves the volume [${whole}]`,
      {
        begin,
        size,
        shape: x.shape,
      },
    );
  }
  if (movesVoxels(x)) {
    return gatherAxes(
      x,
      eachAxis((axis) => positionsAlong(size[axis], (i) => begin[axis] + i)),
    );
  }
  return tf.tidy(() => tf.clone(cropSpace(x, begin, size)) as T);
}

function volumeSize(x: tf.Tensor): Triple {
  if (x.rank !== 4 && x.rank !== 5) {
    throw new CrlnError('invalid-shape', `expected x [N, D, H, W, C] or [N, D, H, W], got [${x.shape}]`, {
      shape: x.shape,
    });
  }
  return x.shape.slice(1, 4) as Triple;
}
