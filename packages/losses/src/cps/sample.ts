import { CrlnError, type RandomStream } from '@crln/core';
import { type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';

/** The random numbers of one evaluation of the loss: uniforms in [0, 1), decided before anything is known about the labels. */
export interface CpsSample {
  /** Which hard voxel is an anchor: [C, anchors]. */
  anchor: Tensor2D;
  /** Which other class a negative comes from: [C, anchors · negatives]; null for two classes, where there is no choice. */
  negativeClass: Tensor2D | null;
  /** Which voxel of that class it is: [C, anchors · negatives]. */
  negative: Tensor2D;
}

/** The largest float32 below 1: a uniform rounded to float32 must not become 1. */
const BELOW_ONE = 1 - 2 ** -24;

/**
 * Draws a {@link CpsSample}. The caller disposes its tensors (or draws inside `tf.tidy`).
 *
 * @throws CrlnError `invalid-argument` for fewer than two classes
 */
export function cpsSample(
  rng: RandomStream,
  { classes, anchors = 256, negatives = 512 }: { classes: number; anchors?: number; negatives?: number },
): CpsSample {
  if (!(classes >= 2)) {
    throw new CrlnError('invalid-argument', `cpsSample: expected at least 2 classes, got ${classes}`, { classes });
  }
  const draw = (columns: number): Tensor2D => {
    const values = new Float32Array(classes * columns);
    for (let i = 0; i < values.length; i++) values[i] = Math.min(rng.uniform(), BELOW_ONE);
    return tensor2d(values, [classes, columns]);
  };
  const anchor = draw(anchors);
  return {
    anchor,
    negativeClass: classes > 2 ? draw(anchors * negatives) : null,
    negative: draw(anchors * negatives),
  };
}
