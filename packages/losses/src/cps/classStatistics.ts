import * as tf from '@tensorflow/tfjs-core';

/** Who belongs to which class, and what the classes look like. */
export interface ClassStatistics {
  /** For each class, 1 where a valid voxel has it, else 0: C tensors [V]. */
  members: tf.Tensor1D[];
  /** For each class, its members whose probability of the class is below the threshold: C tensors [V]. */
  hard: tf.Tensor1D[];
  /** 1 where a class has members: [C]. */
  present: tf.Tensor1D;
  /** 1 where a class has hard members: [C]. */
  hasHard: tf.Tensor1D;
  /** Mean representation of a class, 0 where it has no members: [C, R]. */
  means: tf.Tensor2D;
}

/**
 * @param representation [V, R]
 * @param labels int32 [V]
 * @param valid 1 or 0, [V]
 * @param probabilities [V, C]
 */
export function classStatistics(
  representation: tf.Tensor2D,
  labels: tf.Tensor1D,
  valid: tf.Tensor1D,
  probabilities: tf.Tensor2D,
  hardThreshold: number,
): ClassStatistics {
  const classes = probabilities.shape[1];
  const columns = tf.split(probabilities, classes, 1).map((column) => tf.reshape(column, [-1]));
  const both = (condition: tf.Tensor, mask: tf.Tensor) => tf.mul(tf.cast(condition, 'float32'), mask) as tf.Tensor1D;
  const members = columns.map((_, c) => both(tf.equal(labels, c), valid));
  const hard = columns.map((column, c) => both(tf.less(column, hardThreshold), members[c] as tf.Tensor1D));
  const total = (masks: tf.Tensor1D[]) => tf.stack(masks.map((mask) => tf.sum(mask)));
  const counts = total(members);
  const sums = tf.matMul(tf.stack(members) as tf.Tensor2D, representation);
  return {
    members,
    hard,
    present: tf.minimum(counts, 1) as tf.Tensor1D,
    hasHard: tf.minimum(total(hard), 1) as tf.Tensor1D,
    means: tf.div(sums, tf.expandDims(tf.maximum(counts, 1), 1)) as tf.Tensor2D,
  };
}

/** x / max(|x|, 1e-8) along the last axis. The bound is inside the root, so that a row of zeros has a finite gradient. */
export function normalise(x: tf.Tensor): tf.Tensor {
  return tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-16)));
}
