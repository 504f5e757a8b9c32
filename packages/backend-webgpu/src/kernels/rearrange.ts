import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { strides } from './axes.js';
import { copyBox, inside } from './copyBox.js';

/** The axes in the order `perm`. */
const transpose = defineKernel<{ x: TensorInfo }, { perm: number[] }>('Transpose', (call) => {
  const { x } = call.inputs;
  const { perm } = call.attrs;
  const steps = strides(x.shape);
  const shape = perm.map((axis) => x.shape[axis]!);
  const y = call.output(shape, x.dtype);
  copyBox(call, { tensor: x, at: 0, steps: perm.map((axis) => steps[axis]!) }, inside(y), shape);
  return y;
});

/** Some axes from their end. */
const reverse = defineKernel<{ x: TensorInfo }, { dims: number | number[] }>('Reverse', (call) => {
  const { x } = call.inputs;
  const reversed = util.parseAxisParam(call.attrs.dims, x.shape);
  const last = x.shape.map((n, axis) => (reversed.includes(axis) ? n - 1 : 0));
  const steps = strides(x.shape).map((step, axis) => (reversed.includes(axis) ? -step : step));
  const y = call.output(x.shape, x.dtype);
  copyBox(call, { tensor: x, at: inside(x, last).at, steps }, inside(y), x.shape);
  return y;
});

/** The tensor `reps` times along each axis: a box of two axes for each, of which the outer one stands still in x. */
const tile = defineKernel<{ x: TensorInfo }, { reps: number[] }>('Tile', (call) => {
  const { x } = call.inputs;
  const { reps } = call.attrs;
  const y = call.output(
    x.shape.map((n, axis) => n * reps[axis]!),
    x.dtype,
  );
  const size = x.shape.flatMap((n, axis) => [reps[axis]!, n]);
  const steps = strides(x.shape).flatMap((step) => [0, step]);
  copyBox(call, { tensor: x, at: 0, steps }, { tensor: y, at: 0, steps: strides(size) }, size);
  return y;
});

export const rearrangeKernels: readonly KernelConfig[] = [transpose, reverse, tile];
