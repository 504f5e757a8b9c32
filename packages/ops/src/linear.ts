import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { channelSum } from './channelSum.js';
import { expectChannelsLast, expectPerChannel, expectShape } from './checks.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

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
    const rows = tf.reshape(x, [-1, channels]) as tf.Tensor2D;
    const product = b ? biased(rows, w, b) : tf.matMul(rows, w as tf.Tensor2D);
    return tf.reshape(product, [...x.shape.slice(0, -1), outputs]);
  });
}

/** x·w + b in one kernel, which every backend has. */
function biased(x: tf.Tensor2D, w: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return differentiable('linear', {
    inputs: { x, w, b },
    forward: (save) => {
      save([x, w]);
      const attrs = { transposeA: false, transposeB: false, activation: 'linear' };
      return runKernel(tf._FusedMatMul, { a: x, b: w, bias: b }, attrs);
    },
    gradient: ([dy], [x, w]) => ({
      x: () => tf.matMul(dy as tf.Tensor2D, w as tf.Tensor2D, false, true),
      w: () => tf.matMul(x as tf.Tensor2D, dy as tf.Tensor2D, true),
      b: () => channelSum(dy!),
    }),
  })[0]!;
}

/** The exact GELU: x·Φ(x) = x/2 · (1 + erf(x/√2)). (Hendrycks and Gimpel 2016; not the tanh form.) */
export function gelu<T extends tf.Tensor>(x: T): T {
  if (!hasKernel(KERNELS.Gelu)) {
    return tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as T);
  }
  return differentiable('gelu', {
    inputs: { x },
    forward: (save) => {
      save([x]);
      return runKernel(KERNELS.Gelu, { x });
    },
    gradient: ([dy], [x]) => ({ x: () => runKernel(KERNELS.GeluGrad, { dy, x })[0]! }),
  })[0] as T;
}

/** max(x, 0). */
export function relu<T extends tf.Tensor>(x: T): T {
  return tf.relu(x);
}
