import { activationPrecision, useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { describe } from '../lib/contestants.mjs';

/**
 * One direction of a convolution through the kernels that plain `tf.conv3d` and its gradients call. `kind`: 3x3x3, 1x1x1, 2x2x2 s2, or
 * transposed (of the latter two, stride 2; `channels` are the input's and the output's).
 */
export async function conv3d({
  kind,
  input: given,
  channels: [ci, co],
  direction,
  threads,
  precision,
  backend: name = 'wasm',
}) {
  const backend = await useBackend(name, { threads, precision });
  const size = Number(kind[0]) || 2;
  const stride = size === 2 ? 2 : 1;
  const transposed = kind === 'transposed';
  const [n, d, h, w] = given;
  // A transposed convolution is the input gradient of one with the larger volume as its input.
  const input = transposed ? [n, d * 2, h * 2, w * 2, co] : [n, d, h, w, ci];
  const [channelsIn, channelsOut] = transposed ? [co, ci] : [ci, co];
  const filter = tf.randomNormal([size, size, size, channelsIn, channelsOut], 0, 1, 'float32', 1);
  const x = activation(input, 2);
  const output = [n, ...input.slice(1, 4).map((side) => side / stride), channelsOut];
  const dy = activation(output, 3);
  const attrs = { pad: 'same', strides: [stride, stride, stride] };
  const kernel = (kernelName, inputs, more) => tf.engine().runKernel(kernelName, inputs, { ...attrs, ...more });
  const forward = () => kernel('Conv3D', { x, filter }, { dataFormat: 'NDHWC', dilations: [1, 1, 1] });
  const inputGrad = () => kernel('Conv3DBackpropInputV2', { dy, filter }, { inputShape: input });
  const once = {
    forward: transposed ? inputGrad : forward,
    'input gradient': transposed ? forward : inputGrad,
    'filter gradient': () => kernel('Conv3DBackpropFilterV2', { x, dy }, { filterShape: filter.shape }),
  }[direction];
  const flop = 2 * output.slice(0, 4).reduce((a, b) => a * b) * size ** 3 * channelsIn * channelsOut;
  // Small ones are repeated, so that a run is some milliseconds.
  const enough = name === 'webgpu' ? 2e11 : 2e8;
  const repeats = name === 'cpu' ? 1 : Math.max(1, Math.round(enough / flop));
  const run = async () => {
    for (let i = 1; i < repeats; i++) once().dispose();
    // On a GPU what was called has not run yet: one number of the last result says that it has.
    const last = once();
    const first = tf.tidy(() => tf.slice(tf.reshape(last, [-1]), [0], [1]));
    await first.data();
    tf.dispose([last, first]);
  };
  return { run, flop, repeats, about: name === 'cpu' ? 'stock TensorFlow.js cpu' : describe(backend) };
}

/** Noise, stored as a layer before would leave it. */
function activation(shape, seed) {
  const noise = tf.randomNormal(shape, 0, 1, 'float32', seed);
  if (activationPrecision() === 'f32') return noise;
  const channels = shape.at(-1);
  return tf.tidy(() => tf.conv3d(noise, tf.reshape(tf.eye(channels), [1, 1, 1, channels, channels]), 1, 'same'));
}
