import {
  type ConvAttrs,
  CrlnError,
  convOutputSize,
  convTransposeOutputSize,
  type Padding3d,
  type Pads3d,
  resolvePads,
  type Triple,
  triple,
} from '@crln/core';
import type * as tf from '@tensorflow/tfjs-core';
import { spatial } from './axis.js';
import { channelSum } from './channelSum.js';
import { expectPerChannel, expectShape } from './checks.js';
import { convolve, convolveFilterGrad, convolveInputGrad } from './convolution.js';
import { differentiable } from './kernel.js';

export interface ConvOptions {
  /** A number or [D, H, W]; 1 by default. */
  strides?: number | Triple | undefined;
  /** `'same'` and `'valid'` as TensorFlow means them; a number or triple as PyTorch does; or [before, after] an axis. */
  padding?: Padding3d | undefined;
  /** A number or [D, H, W]; 1 by default. */
  dilations?: number | Triple | undefined;
  /** [Co], added to every voxel. */
  bias?: tf.Tensor | undefined;
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Voxels added at the end of each axis of the output (PyTorch's `output_padding`), less than the stride; 0 by default. */
  outputPadding?: number | Triple | undefined;
}

/**
 * 3-D convolution (cross-correlation, as everywhere in deep learning):
 * y[n, p, o] = bias[o] + Σ_{t, i} x[n, p·stride − before + t·dilation, i] · filter[t, i, o].
 *
 * Differentiable in x, filter and bias, also where dilated (stock `tf.conv3d` is not).
 *
 * @param x [N, D, H, W, Ci]
 * @param filter [kd, kh, kw, Ci, Co]
 * @param options `padding` is `'same'` by default.
 * @returns [N, D', H', W', Co], D' = ⌊(D + before + after − (kd − 1)·dilation − 1) / stride⌋ + 1
 * @throws CrlnError `invalid-shape` where shapes do not fit together.
 */
export function conv3d(x: tf.Tensor, filter: tf.Tensor, options: ConvOptions = {}): tf.Tensor5D {
  expectShape(x, 'x', ['N', 'D', 'H', 'W', 'Ci']);
  expectShape(filter, 'filter', ['kd', 'kh', 'kw', x.shape[4] as number, 'Co']);
  const { bias } = options;
  expectPerChannel(bias, 'bias', filter.shape[4] as number);
  const attrs = convAttrs(options, x.shape, filter.shape);
  return differentiable('conv3d', {
    inputs: { x, filter, bias },
    forward: (save) => {
      save([x, filter]);
      return [convolve(x, filter, bias, attrs)];
    },
    gradient: ([dy], [x, filter]) => ({
      x: () => convolveInputGrad(dy!, filter!, undefined, attrs, x!.shape),
      filter: () => convolveFilterGrad(x!, dy!, attrs, filter!.shape),
      bias: () => channelSum(dy!),
    }),
  })[0] as tf.Tensor5D;
}

/**
 * Transposed 3-D convolution: the gradient of {@link conv3d} with the same filter, strides and padding in its input, as PyTorch's
 * `ConvTranspose3d`. Differentiable (stock `tf.conv3dTranspose` is on no backend).
 *
 * @param x [N, D, H, W, Ci]
 * @param filter [kd, kh, kw, Co, Ci], TensorFlow's order. (PyTorch's is [Ci, Co, kd, kh, kw].)
 * @param options `padding` is `'valid'` by default; `'same'` gives D' = D·stride.
 * @returns [N, D', H', W', Co], D' = (D − 1)·stride − before − after + (kd − 1)·dilation + 1 + outputPadding
 * @throws CrlnError `invalid-shape` where shapes do not fit together, `invalid-option` where outputPadding is not below the stride.
 */
export function conv3dTranspose(x: tf.Tensor, filter: tf.Tensor, options: ConvTransposeOptions = {}): tf.Tensor5D {
  expectShape(x, 'x', ['N', 'D', 'H', 'W', 'Ci']);
  expectShape(filter, 'filter', ['kd', 'kh', 'kw', 'Co', x.shape[4] as number]);
  const { bias } = options;
  expectPerChannel(bias, 'bias', filter.shape[3] as number);
  const { attrs, size } = transposeAttrs(options, spatial(x.shape), filter.shape.slice(0, 3) as Triple);
  const outputShape = [x.shape[0] as number, ...size, filter.shape[3] as number];
  return differentiable('conv3dTranspose', {
    inputs: { x, filter, bias },
    forward: (save) => {
      save([x, filter]);
      return [convolveInputGrad(x, filter, bias, attrs, outputShape)];
    },
    gradient: ([dy], [x, filter]) => ({
      x: () => convolve(dy!, filter!, undefined, attrs),
      filter: () => convolveFilterGrad(dy!, x!, attrs, filter!.shape),
      bias: () => channelSum(dy!),
    }),
  })[0] as tf.Tensor5D;
}

/** Strides, pads and dilations of a convolution as kernels take them; checks that an output is left. */
export function convAttrs(
  options: ConvOptions,
  inputShape: readonly number[],
  filterShape: readonly number[],
  name = 'conv3d',
): ConvAttrs {
  const { strides, dilations } = steps(options);
  const [input, kernel] = [spatial(inputShape), filterShape.slice(0, 3) as Triple];
  const pads = checkPads(resolvePads(options.padding ?? 'same', input, kernel, strides, dilations));
  convOutputSize(input, kernel, strides, pads, dilations, name);
  return { strides, pads, dilations };
}

function transposeAttrs(options: ConvTransposeOptions, input: Triple, kernel: Triple) {
  const { strides, dilations } = steps(options);
  const outputPadding = triple(options.outputPadding ?? 0, 'outputPadding');
  if (outputPadding.some((p, a) => p < 0 || p >= strides[a]!)) {
    throw new CrlnError(
      'invalid-option',
      `conv3dTranspose: outputPadding [${outputPadding}] must be at least 0 and below the strides [${strides}]`,
      { outputPadding, strides },
    );
  }
  // 'same' belongs to the convolution whose gradient this is: from n·stride voxels to n.
  const large = input.map((n, a) => n * strides[a]!) as Triple;
  const pads = checkPads(resolvePads(options.padding ?? 'valid', large, kernel, strides, dilations));
  const size =
    options.padding === 'same'
      ? large
      : convTransposeOutputSize(input, kernel, strides, pads, dilations, outputPadding);
  if (size.some((n) => n < 1)) {
    throw new CrlnError('invalid-shape', `conv3dTranspose: input [${input}] with these pads leaves no output`, {
      input,
      kernel,
      pads,
    });
  }
  return { attrs: { strides, pads, dilations }, size };
}

function steps(options: ConvOptions): { strides: Triple; dilations: Triple } {
  const strides = positive(triple(options.strides ?? 1, 'strides'), 'strides');
  return { strides, dilations: positive(triple(options.dilations ?? 1, 'dilations'), 'dilations') };
}

function positive(value: Triple, name: string): Triple {
  if (value.some((n) => n < 1)) {
    throw new CrlnError('invalid-option', `${name}: expected numbers of at least 1, got [${value}]`, { name, value });
  }
  return value;
}

function checkPads(pads: Pads3d): Pads3d {
  if (pads.flat().some((p) => !Number.isInteger(p) || p < 0)) {
    throw new CrlnError(
      'invalid-option',
      `padding: expected whole numbers of at least 0, got ${JSON.stringify(pads)}`,
      {
        pads,
      },
    );
  }
  return pads;
}
