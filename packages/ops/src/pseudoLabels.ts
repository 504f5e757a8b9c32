import { CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from './checks.js';
import { gatherVoxels } from './gather.js';
import { hasKernel, runKernel, untaped } from './kernel.js';

export type PseudoLabels = {
  /** The most probable class, the first of several, int32 [N, D, H, W]. */
  label: tf.Tensor4D;
  /** Its probability, [N, D, H, W]. */
  confidence: tf.Tensor4D;
};

/**
 * What a network says of each voxel: argmax and maximum of softmax(logits). They carry no gradient.
 *
 * @param logits [N, D, H, W, C]
 * @param index Moves the result as `gatherVoxels` does: the flat source voxel of each output voxel, N·D·H·W of them; −1 gives label −1 and
 *   confidence 0.
 * @throws CrlnError `invalid-shape`
 */
export function pseudoLabels(logits: tf.Tensor5D, index?: tf.Tensor | Int32Array): PseudoLabels {
  expectShape(logits, 'logits', ['N', 'D', 'H', 'W', 'C']);
  const shape = logits.shape.slice(0, 4) as [number, number, number, number];
  const voxels = shape.reduce((a, b) => a * b, 1);
  const given = index && (index instanceof Int32Array ? index.length : index.size);
  if (given !== undefined && given !== voxels) {
    throw new CrlnError('invalid-shape', `pseudoLabels: expected an index of ${voxels} voxels, got ${given}`, {
      voxels,
      given,
    });
  }
  const [label, confidence] = untaped(() => {
    if (hasKernel(KERNELS.PseudoLabels)) {
      const moved = index instanceof Int32Array ? tf.tensor1d(index, 'int32') : index;
      return runKernel(KERNELS.PseudoLabels, { logits, index: moved }).map((x) => tf.reshape(x, shape));
    }
    const probabilities = tf.softmax(logits);
    const [best, most] = [tf.argMax(probabilities, -1) as tf.Tensor4D, tf.max(probabilities, -1) as tf.Tensor4D];
    return index ? [gatherVoxels(best, index, -1), gatherVoxels(most, index, 0)] : [best, most];
  });
  return { label: label as tf.Tensor4D, confidence: confidence as tf.Tensor4D };
}
