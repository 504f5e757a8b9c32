import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { summable } from './cast.js';
import { MiddleAxis } from './middleAxis.js';

interface CumsumAttrs {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

/** Running sums along an axis, kept in float64. */
const cumsum = defineKernel<{ x: TensorInfo }, CumsumAttrs>('Cumsum', (call) => {
  const { inputs, attrs, room, output, stock } = call;
  const { shape } = inputs.x;
  const x = summable(call, inputs.x);
  if (!x) return stock();
  const axis = util.parseAxisParam(attrs.axis, shape)[0]!;
  const [outer, inner] = [shape.slice(0, axis), shape.slice(axis + 1)].map(util.sizeFromShape) as [number, number];
  const dtype = inputs.x.dtype === 'float32' ? 'float32' : 'int32';
  const y = room(shape, dtype);
  new MiddleAxis('Cumsum', x, outer, shape[axis]!, inner).scan(y, attrs);
  return output(shape, y, dtype);
});

export const cumsumKernels: readonly KernelConfig[] = [cumsum];
