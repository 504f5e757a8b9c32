import { CrlnError, type Triple, triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { windowStarts, windowWeights } from './windows.js';

/** Class probabilities [N, D, H, W, K] of patches [N, D, H, W, C]. `slidingWindow` disposes what it returns. */
export type WindowPredictor = (patches: tf.Tensor5D) => tf.Tensor | Promise<tf.Tensor>;

export interface SlidingWindowOptions {
  /** [D, H, W] of a window: the network's patch. */
  roiSize: number | Readonly<Triple>;
  /** Voxels between windows; or give `overlap`. */
  stride?: number | Readonly<Triple>;
  /** Fraction that neighbouring windows share, 0 ≤ overlap < 1; 0.25 where neither is given. */
  overlap?: number;
  /** Weight of a window's voxels: all equal, or falling off from its centre. `constant` by default, as in published figures. */
  mode?: 'constant' | 'gaussian';
  /** Windows a prediction; 1 by default. */
  batchSize?: number;
  /** Number of classes to expect; taken from the first prediction where it is absent. */
  classes?: number;
  signal?: AbortSignal;
  /** Called after each batch. */
  onProgress?: (done: number, windows: number) => void;
}

/**
 * Predicts a volume of any size by windows, and averages where they overlap:
 * p(v) = Σ_windows w(v)·p_window(v) / Σ_windows w(v).
 *
 * Windows start at min(i·stride, n − roi) along each axis. Along an axis shorter than the window the volume is
 * padded with zeros on both sides (⌊(roi − n)/2⌋ before) and the result cropped. Weights are products over the axes, so that no
 * second volume is needed for their sum: memory is the result's and one batch's.
 *
 * @param volume values in C order, shape [D, H, W] or [D, H, W, C]
 * @returns probabilities [D, H, W, K] in C order
 * @throws CrlnError `invalid-shape`, `invalid-option`, `not-finite` where the network returns NaN, `aborted`
 */
export async function slidingWindow(
  volume: { data: ArrayLike<number>; shape: readonly number[] },
  predict: WindowPredictor,
  options: SlidingWindowOptions,
): Promise<Float32Array> {
  const { data } = volume;
  const [n0 = 0, n1 = 0, n2 = 0, channels = 1] = volume.shape;
  const size: Triple = [n0, n1, n2];
  if (![3, 4].includes(volume.shape.length) || data.length !== n0 * n1 * n2 * channels || data.length === 0) {
    throw new CrlnError(
      'invalid-shape',
      `slidingWindow: expected a volume [D, H, W] or [D, H, W, C], got shape [${volume.shape}] with ${data.length} values`,
      { shape: volume.shape, values: data.length },
    );
  }
  const roi = triple(options.roiSize, 'roiSize');
  const starts = windowStarts(size, roi, options);
  const weights = windowWeights(size, roi, starts, options.mode ?? 'constant');
  const windows = starts[0].flatMap((d) => starts[1].flatMap((h) => starts[2].map((w): Triple => [d, h, w])));
  const batchSize = options.batchSize ?? 1;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new CrlnError('invalid-option', `slidingWindow: batchSize must be at least 1, got ${batchSize}`, {
      batchSize,
    });
  }
  const patch = roi[0] * roi[1] * roi[2];
  let sum: Float32Array | undefined;
  let classes = options.classes;
  for (let first = 0; first < windows.length; first += batchSize) {
    if (options.signal?.aborted)
      throw new CrlnError('aborted', 'slidingWindow: stopped', {}, { cause: options.signal.reason });
    const batch = windows.slice(first, first + batchSize);
    const values = new Float32Array(batch.length * patch * channels);
    batch.forEach((start, n) => void copyIn(values, n * patch * channels, start));
    const probabilities = await run(values, [batch.length, ...roi, channels]);
    classes ??= probabilities.length / (batch.length * patch);
    sum ??= new Float32Array(n0 * n1 * n2 * classes);
    for (const [n, start] of batch.entries()) add(sum, probabilities, n * patch * classes, start, classes);
    options.onProgress?.(Math.min(first + batchSize, windows.length), windows.length);
  }
  return normalise(sum as Float32Array, classes as number);

  /** The voxels of one window; zero beyond the volume. */
  function copyIn(out: Float32Array, offset: number, start: Triple): void {
    forRows(start, (row, inside, length) => {
      for (let i = 0; i < length * channels; i++) out[offset + inside * channels + i] = data[row * channels + i]!;
    });
  }

  function add(out: Float32Array, values: Float32Array, offset: number, start: Triple, k: number): void {
    const [w0, w1, w2] = weights.window;
    forRows(start, (row, inside, length) => {
      const plane = w0[Math.floor(inside / (roi[1] * roi[2]))]! * w1[Math.floor(inside / roi[2]) % roi[1]]!;
      const column = inside % roi[2];
      for (let i = 0; i < length; i++) {
        const weight = plane * w2[column + i]!;
        const from = offset + (inside + i) * k;
        const to = (row + i) * k;
        for (let c = 0; c < k; c++) out[to + c]! += weight * values[from + c]!;
      }
    });
  }

  /** Rows along the last axis that a window shares with the volume: first voxel in the volume, in the window, and how many. */
  function forRows(start: Triple, visit: (row: number, inside: number, length: number) => void): void {
    const begin = start.map((s) => Math.max(s, 0)) as Triple;
    const end = start.map((s, a) => Math.min(s + roi[a]!, size[a]!)) as Triple;
    for (let i = begin[0]; i < end[0]; i++) {
      for (let j = begin[1]; j < end[1]; j++) {
        const inside = ((i - start[0]) * roi[1] + j - start[1]) * roi[2] + begin[2] - start[2];
        visit((i * n1 + j) * n2 + begin[2], inside, end[2] - begin[2]);
      }
    }
  }

  async function run(values: Float32Array, shape: number[]): Promise<Float32Array> {
    const input = tf.tensor5d(values, shape as [number, number, number, number, number]);
    let output: tf.Tensor | undefined;
    try {
      output = await predict(input);
      const expected = [...shape.slice(0, 4), classes ?? output.shape[4] ?? 0];
      if (output.shape.length !== 5 || expected.some((length, axis) => output?.shape[axis] !== length)) {
        throw new CrlnError(
          'invalid-shape',
          `slidingWindow: expected probabilities [${shape.slice(0, 4)},${classes ?? 'K'}], got [${output.shape}]`,
          { expected, shape: output.shape },
        );
      }
      return (await output.data()) as Float32Array;
    } finally {
      input.dispose();
      output?.dispose();
    }
  }

  function normalise(out: Float32Array, k: number): Float32Array {
    const [s0, s1, s2] = weights.sum;
    let at = 0;
    for (let i = 0; i < n0; i++) {
      for (let j = 0; j < n1; j++) {
        for (let l = 0; l < n2; l++) {
          const scale = 1 / (s0[i]! * s1[j]! * s2[l]!);
          for (let c = 0; c < k; c++, at++) {
            const value = out[at]! * scale;
            if (!Number.isFinite(value)) {
              throw new CrlnError(
                'not-finite',
                `slidingWindow: the network returned NaN or infinity at voxel [${i}, ${j}, ${l}]`,
                {
                  voxel: [i, j, l],
                },
              );
            }
            out[at] = value;
          }
        }
      }
    }
    return out;
  }
}

/**
 * The most probable class of every voxel, the first of equals.
 *
 * @param probabilities [voxels, classes] in C order
 * @throws CrlnError `invalid-shape`
 */
export function mostProbable(probabilities: ArrayLike<number>, classes: number): Uint8Array {
  if (!(classes >= 1 && classes <= 256) || probabilities.length % classes !== 0) {
    throw new CrlnError(
      'invalid-shape',
      `expected probabilities of ${classes} classes (1 to 256), got ${probabilities.length} values`,
      { classes, values: probabilities.length },
    );
  }
  const out = new Uint8Array(probabilities.length / classes);
  for (let v = 0, at = 0; v < out.length; v++, at += classes) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (probabilities[at + c]! > probabilities[at + best]!) best = c;
    out[v] = best;
  }
  return out;
}
