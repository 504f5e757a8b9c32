import { type ConvAttrs, CrlnError, dilatedSize, KERNELS, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { cropSpace, padSpace, spatial, spreadAll, thinAll } from './axis.js';
import { hasKernel, runKernel } from './kernel.js';

// The three linear maps that a convolution, its gradients and the transposed convolution are made of: the kernel where the backend has it, else
// stock operations on an explicitly padded input and a zero-stuffed ("dilated") filter. No gradients here.

/** y = x ⋆ filter (+ bias [Co]). x [N,D,H,W,Ci], filter [kd,kh,kw,Ci,Co]. */
export function convolve(x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor | undefined, attrs: ConvAttrs): tf.Tensor {
  if (hasKernel(KERNELS.Conv3d)) return runKernel(KERNELS.Conv3d, { x, filter, bias }, attrs)[0]!;
  refuseStock();
  const y = tf.conv3d(
    padSpace(x, attrs.pads) as tf.Tensor5D,
    dilate(filter, attrs.dilations) as tf.Tensor5D,
    attrs.strides,
    'valid',
  );
  return bias ? tf.add(y, bias) : y;
}

/** The transpose of {@link convolve} in x: [N,D',H',W',Co] → `inputShape` (+ bias [Ci]). */
export function convolveInputGrad(
  dy: tf.Tensor,
  filter: tf.Tensor,
  bias: tf.Tensor | undefined,
  attrs: ConvAttrs,
  inputShape: number[],
): tf.Tensor {
  if (hasKernel(KERNELS.Conv3dInputGrad)) {
    return runKernel(KERNELS.Conv3dInputGrad, { dy, filter, bias }, { ...attrs, inputShape })[0]!;
  }
  refuseStock();
  const size = spatial(inputShape);
  const padded = inputShape.map((n, i) => {
    const pad = attrs.pads[i - 1];
    return pad ? n + pad[0] + pad[1] : n;
  });
  const dx = runKernel(
    tf.Conv3DBackpropInputV2,
    { dy, filter: dilate(filter, attrs.dilations) },
    { strides: attrs.strides, pad: 'valid', inputShape: padded },
  )[0]!;
  const cropped = cropSpace(dx, attrs.pads.map((pad) => pad[0]) as Triple, size);
  return bias ? tf.add(cropped, bias) : cropped;
}

/** The gradient of {@link convolve} in the filter. */
export function convolveFilterGrad(x: tf.Tensor, dy: tf.Tensor, attrs: ConvAttrs, filterShape: number[]): tf.Tensor {
  if (hasKernel(KERNELS.Conv3dFilterGrad)) {
    return runKernel(KERNELS.Conv3dFilterGrad, { x, dy }, { ...attrs, filterShape })[0]!;
  }
  refuseStock();
  const dilated = filterShape.map((n, i) => (i < 3 ? dilatedSize(n, attrs.dilations[i]!) : n));
  const dw = runKernel(
    tf.Conv3DBackpropFilterV2,
    { x: padSpace(x, attrs.pads), dy },
    { strides: attrs.strides, pad: 'valid', filterShape: dilated },
  )[0]!;
  return thinAll(dw, [0, 1, 2], attrs.dilations, filterShape);
}

const dilate = (filter: tf.Tensor, dilations: Triple): tf.Tensor => spreadAll(filter, [0, 1, 2], dilations);

/** Stock `wasm` computes wrong 3-D gradients and stock `webgpu` returns garbage for rank-5 operations, both in silence. */
function refuseStock(): void {
  const backend = tf.getBackend();
  if (backend !== 'wasm' && backend !== 'webgpu') return;
  throw new CrlnError(
    'backend-unavailable',
    `the stock TensorFlow.js backend '${backend}' computes wrong 3-D convolutions or gradients; call useBackend('wasm') or useBackend('cpu') of @crln/ops`,
    { backend },
  );
}
