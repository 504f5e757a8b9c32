import * as tf from '@tensorflow/tfjs-core';

/** [M] int32 → [M, classes] float32: 1 at the label; a row of zeros for a label outside. (tf.oneHot refuses a single class.) */
export function oneHot(labels: tf.Tensor, classes: number): tf.Tensor {
  const wanted = tf.range(0, classes, 1, 'int32');
  return tf.cast(tf.equal(tf.expandDims(tf.cast(labels, 'int32'), 1), wanted), 'float32');
}
