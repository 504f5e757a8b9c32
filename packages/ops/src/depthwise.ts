import { type ConvAttrs, convOutputSize, KERNELS, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { cropSpace, padSpace, positions, spatial, thinAll } from './axis.js';
import { channelSum } from './channelSum.js';
import { expectPerChannel, expectShape } from './checks.js';
import { type ConvOptions, convAttrs } from './conv3d.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

/**
 * Depthwise 3-D convolution: every channel by its own filter, y[n, p, c] = bias[c] + Σ_t x[n, p·stride − before + t·dilation, c] · filter[t, c].
 *
 * @param x [N, D, H, W, C]
 * @param filter [kd, kh, kw, C]
 * @param options As of {@link conv3d}; `padding` is `'same'` by default.
 * @returns [N, D', H', W', C]
 * @throws CrlnError `invalid-shape` where shapes do not fit together.
 */
export function depthwiseConv3d(x: tf.Tensor, filter: tf.Tensor, options: ConvOptions = {}): tf.Tensor5D {
  expectShape(x, 'x', ['N', 'D', 'H', 'W', 'C']);
  const channels = x.shape[4] as number;
  expectShape(filter, 'filter', ['kd', 'kh', 'kw', channels]);
  const { bias } = options;
  expectPerChannel(bias, 'bias', channels);
  const attrs = convAttrs(options, x.shape, filter.shape, 'depthwiseConv3d');
  if (!hasKernel(KERNELS.DepthwiseConv3d)) return tf.tidy(() => shiftedSum(x, filter, bias, attrs));
  return differentiable('depthwiseConv3d', {
    inputs: { x, filter, bias },
    forward: (save) => {
      save([x, filter]);
      return runKernel(KERNELS.DepthwiseConv3d, { x, filter, bias }, attrs);
    },
    gradient: ([dy], [x, filter]) => ({
      x: () => runKernel(KERNELS.DepthwiseConv3dInputGrad, { dy, filter }, { ...attrs, inputShape: x!.shape })[0]!,
      filter: () =>
        runKernel(KERNELS.DepthwiseConv3dFilterGrad, { x, dy }, { ...attrs, filterShape: filter!.shape })[0]!,
      bias: () => channelSum(dy!),
    }),
  })[0] as tf.Tensor5D;
}

/** The portable form: one multiplication a tap, at stride 1 and then thinned. Differentiable as it stands. */
function shiftedSum(x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor | undefined, attrs: ConvAttrs): tf.Tensor5D {
  const { strides, dilations } = attrs;
  const kernel = filter.shape.slice(0, 3) as Triple;
  const dense = convOutputSize(spatial(x.shape), kernel, [1, 1, 1], attrs.pads, dilations);
  const counts = dense.map((n, a) => Math.floor((n - 1) / strides[a]!) + 1);
  const padded = padSpace(x, attrs.pads);
  const terms = positions(kernel).map((tap) => {
    const shifted = cropSpace(padded, tap.map((t, a) => t * dilations[a]!) as Triple, dense);
    const weight = tf.reshape(tf.slice(filter, [...tap, 0], [1, 1, 1, filter.shape[3] as number]), [-1]);
    return tf.mul(thinAll(shifted, [1, 2, 3], strides, counts), weight);
  });
  const y = terms.reduce((sum, term) => tf.add(sum, term));
  return (bias ? tf.add(y, bias) : y) as tf.Tensor5D;
}
