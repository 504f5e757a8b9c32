import { type ConvAttrs, KERNELS, type Pads3d } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { integers, runOurs, sizeOf } from '../harness.js';
import { ReferenceConv } from '../reference.js';

/** Small whole numbers: f16 holds them and f32 their sums, so that results have no error at all. */
export const whole = (shape: readonly number[], seed: number): Float32Array =>
  Float32Array.from(integers(sizeOf(shape), -2, 3, seed));

export interface Problem {
  x: number[];
  filter: number[];
  attrs: ConvAttrs;
  bias?: boolean;
}

/** The convolution and its gradients, ours and by the definition. */
export async function convolutions({ x, filter, attrs, bias = false }: Problem, values = whole) {
  const reference = new ReferenceConv(x, filter, attrs);
  const { yShape } = reference;
  const [xs, ws, dys] = [values(x, 1), values(filter, 2), values(yShape, 3)];
  const biases = bias ? [values([filter[4]!], 4), values([x[4]!], 5)] : [];
  const biased = (i: number) => (biases[i] ? { bias: tf.tensor1d(biases[i]) } : {});
  const of = (values: Float32Array, shape: number[]) => tf.tensor(values, shape);
  const ours = [
    await runOurs(KERNELS.Conv3d, { x: of(xs, x), filter: of(ws, filter), ...biased(0) }, attrs),
    await runOurs(
      KERNELS.Conv3dInputGrad,
      { dy: of(dys, yShape), filter: of(ws, filter), ...biased(1) },
      { ...attrs, inputShape: x },
    ),
    await runOurs(KERNELS.Conv3dFilterGrad, { x: of(xs, x), dy: of(dys, yShape) }, { ...attrs, filterShape: filter }),
  ];
  const expected = [
    reference.forward(xs, ws, biases[0]),
    reference.inputGrad(dys, ws, biases[1]),
    reference.filterGrad(xs, dys),
  ];
  return { ours: ours.map(([y]) => y!), expected: expected.map((y) => Float32Array.from(y)) };
}

export interface Product {
  shape: [number, number, number];
  transposeA?: boolean;
  transposeB?: boolean;
}

/** A product of whole numbers, ours and by the definition. */
export async function products({ shape: [m, k, n], transposeA = false, transposeB = false }: Product) {
  const a = { values: whole([m, k], 1), shape: transposeA ? [k, m] : [m, k] };
  const b = { values: whole([k, n], 2), shape: transposeB ? [n, k] : [k, n] };
  const inputs = { a: tf.tensor(a.values, a.shape), b: tf.tensor(b.values, b.shape) };
  const [y] = await runOurs('BatchMatMul', inputs, { transposeA, transposeB });
  const expected = new Float32Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let l = 0; l < k; l++)
        expected[i * n + j]! +=
          a.values[transposeA ? l * m + i : i * k + l]! * b.values[transposeB ? j * k + l : l * n + j]!;
  return { ours: y!, expected };
}

/** Before and after each axis. */
export const pads = (...pads: [number, number, number, number, number, number]): Pads3d => [
  [pads[0], pads[1]],
  [pads[2], pads[3]],
  [pads[4], pads[5]],
];
/** The same along each axis. */
export const attrs = (stride: number, pads: Pads3d, dilation = 1): ConvAttrs => ({
  strides: [stride, stride, stride],
  pads,
  dilations: [dilation, dilation, dilation],
});
export const none = pads(0, 0, 0, 0, 0, 0);
