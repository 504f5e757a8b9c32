import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';

export interface GoldenTensor {
  shape: number[];
  data: number[];
}
export interface Graded {
  value: number;
  gradient: GoldenTensor;
}
export interface VoxelCase extends Record<'dice' | 'crossEntropy' | 'supervised' | 'unsupervised', Graded> {
  logits: GoldenTensor;
  labels: GoldenTensor;
  ignored: GoldenTensor;
  confidence: GoldenTensor;
}
export interface CpsCase extends Graded {
  name: string;
  xi: number;
  representation: GoldenTensor;
  labels: GoldenTensor;
  valid: GoldenTensor;
  probabilities: GoldenTensor;
  prototypes: GoldenTensor | null;
  random: Record<'anchor' | 'negativeClass' | 'negative', GoldenTensor>;
}

/** What `scripts/golden/losses.py` wrote. */
export const golden = JSON.parse(readFileSync(new URL('./golden/losses.json', import.meta.url), 'utf8')) as {
  voxel: VoxelCase[];
  cps: CpsCase[];
};

export const read = <T extends tf.Tensor>({ shape, data }: GoldenTensor, dtype: 'float32' | 'int32' = 'float32'): T =>
  tf.tensor(data, shape, dtype) as T;

/** max|a − b| / max(max|b|, 1e-6). */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let scale = 1e-6;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
    scale = Math.max(scale, Math.abs(expected[i] as number));
  }
  return Number.isFinite(difference) && actual.length === expected.length
    ? difference / scale
    : Number.POSITIVE_INFINITY;
}

/** Relative errors of a loss and its gradient against PyTorch. */
export async function errors(
  loss: (x: tf.Tensor5D) => tf.Scalar,
  x: tf.Tensor5D,
  expected: Graded,
): Promise<[number, number]> {
  const { value, grad } = tf.valueAndGrad(loss)(x);
  return [
    Math.abs((await value.data())[0]! - expected.value) / Math.max(Math.abs(expected.value), 1e-6),
    relativeError(await grad.data(), expected.gradient.data),
  ];
}
