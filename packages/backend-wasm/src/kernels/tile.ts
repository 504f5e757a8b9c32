import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { copyBox } from './copyBox.js';
import { strides } from './walk.js';

/** The tensor repeated along its axes; what broadcasting to a shape runs. */
const tile = defineKernel<{ x: TensorInfo }, { reps: number[] }>(
  'Tile',
  ({ inputs: { x }, attrs: { reps }, resident, room, output, stock }) => {
    const values = resident(x);
    if (!values) return stock();
    const shape = x.shape.map((size, i) => size * reps[i]!);
    const y = room(shape, x.dtype);
    // Every axis as two: repetitions, along which the source stands still, and what is repeated.
    const size = x.shape.flatMap((length, i) => [reps[i]!, length]);
    const from = strides(x.shape).flatMap((step) => [0, step]);
    copyBox(
      { at: values.byteOffset, steps: from },
      { at: y.byteOffset, steps: strides(size) },
      size,
      y.BYTES_PER_ELEMENT,
    );
    return output(shape, y, x.dtype);
  },
);

export const tileKernels: readonly KernelConfig[] = [tile];
