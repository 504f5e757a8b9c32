import { backend_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { copyBox, inside } from './copyBox.js';

type Call = Pick<KernelCall<unknown, unknown>, 'output' | 'alias' | 'run'>;

/** Tensors one after the other along an axis, each copied into its place. */
function joined(call: Call, tensors: readonly TensorInfo[], axis: number): TensorInfo {
  const shapes = tensors.map(({ shape }) => shape);
  backend_util.assertParamsConsistent(shapes, axis);
  const shape = backend_util.computeOutShape(shapes, axis);
  const full = tensors.filter((tensor) => util.sizeFromShape(tensor.shape) > 0);
  if (full.length === 1) return call.alias(full[0]!, shape);
  const y = call.output(shape, tensors[0]!.dtype);
  const begin = shape.map(() => 0);
  for (const tensor of full) {
    const { at, steps } = inside(y, begin);
    copyBox(call, inside(tensor), { tensor: y, at, steps }, tensor.shape);
    begin[axis]! += tensor.shape[axis]!;
  }
  return y;
}

const concat = defineKernel<Record<number, TensorInfo>, { axis: number }>('Concat', (call) => {
  const tensors = Object.values(call.inputs);
  return joined(call, tensors, util.parseAxisParam(call.attrs.axis, tensors[0]!.shape)[0]!);
});

/** Tensors of one shape along a new axis. */
const pack = defineKernel<Record<number, TensorInfo>, { axis: number }>('Pack', (call) => {
  const tensors = Object.values(call.inputs);
  const { shape, dtype } = tensors[0]!;
  const axis = call.attrs.axis < 0 ? call.attrs.axis + shape.length + 1 : call.attrs.axis;
  const expanded = tensors.map((tensor) => {
    util.assertShapesMatch(shape, tensor.shape, 'All tensors passed to stack must have matching shapes');
    util.assert(dtype === tensor.dtype, () => 'All tensors passed to stack must have matching dtypes');
    return { ...tensor, shape: shape.toSpliced(axis, 0, 1) };
  });
  return joined(call, expanded, axis);
});

export const concatKernels: readonly KernelConfig[] = [concat, pack];
