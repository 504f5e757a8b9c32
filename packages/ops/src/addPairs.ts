import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.js';

/** a + b of each pair, which have one shape: in few passes where the backend has a kernel for it. */
export function addPairs(pairs: readonly (readonly [tf.Tensor, tf.Tensor])[]): tf.Tensor[] {
  if (pairs.length === 0) return [];
  if (pairs.length === 1 || !hasKernel(KERNELS.AddPairs)) return pairs.map(([a, b]) => tf.add(a, b));
  const inputs = pairs.flatMap(([a, b], i) => [[`a${i}`, a] as const, [`b${i}`, b] as const]);
  return runKernel(KERNELS.AddPairs, Object.fromEntries(inputs));
}
