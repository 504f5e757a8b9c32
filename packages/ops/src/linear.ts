import * as tf from '@tensorflow/tfjs-core';
import { expectChannelsLast, expectPerChannel, expectShape } from './checks.js';

/**
 * A linear map of the last axis: y = x·w + b.
 * @param x […, Ci]
 * @param w [Ci, Co] (PyTorch stores the transpose.)
 * @param b [Co]
 * @returns […, Co]
 * @throws CrlnError `invalid-shape`
 */
export function linear(x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor): tf.Tensor {
  const channels = expectChannelsLast(x, 'x');
  expectShape(w, 'w', [channels, 'Co']);
  const outputs = w.shape[1] as number;
  expectPerChannel(b, 'b', outputs);
  return tf.tidy(() => {
    const product = tf.matMul(tf.reshape(x, [-1, channels]) as tf.Tensor2D, w as tf.Tensor2D);
    return tf.reshape(b ? tf.add(product, b) : product, [...x.shape.slice(0, -1), outputs]);
  });
}

/** The exact GELU: x·Φ(x) = x/2 · (1 + erf(x/√2)). (Hendrycks and Gimpel 2016; not the tanh form.) */
export function gelu<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as T);
}

/** max(x, 0). */
export function relu<T extends tf.Tensor>(x: T): T {
  return tf.relu(x);
}
