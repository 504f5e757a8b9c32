import { KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';

/** [3, C]: Σ p·t, Σ p², Σ t² per class, where t is the one-hot label (no class's where the label is outside 0 … C − 1). */
const diceSums = defineKernel<Record<'probabilities' | 'labels', TensorInfo>>(
  KERNELS.DiceSums,
  ({ inputs: { probabilities, labels }, values, ints, output }) => {
    const [p, t] = [values(probabilities), ints(labels)];
    const classes = probabilities.shape.at(-1)!;
    const sums = new Float64Array(3 * classes);
    if (classes === 2) pairSums(p, t, sums);
    else {
      for (let voxel = 0, i = 0; voxel < t.length; voxel++) {
        const label = t[voxel]!;
        for (let c = 0; c < classes; c++, i++) sums[classes + c]! += p[i]! * p[i]!;
        if (label >= 0 && label < classes) {
          sums[label]! += p[i - classes + label]!;
          sums[2 * classes + label]! += 1;
        }
      }
    }
    return output([3, classes], Float32Array.from(sums));
  },
);

/** The common case of two classes, with all six sums in registers. */
function pairSums(p: Float32Array, t: Int32Array, sums: Float64Array): void {
  let [i0, i1, q0, q1, n0, n1] = [0, 0, 0, 0, 0, 0];
  for (let voxel = 0; voxel < t.length; voxel++) {
    const p0 = p[2 * voxel]!;
    const p1 = p[2 * voxel + 1]!;
    const label = t[voxel]!;
    q0 += p0 * p0;
    q1 += p1 * p1;
    if (label === 0) {
      i0 += p0;
      n0++;
    } else if (label === 1) {
      i1 += p1;
      n1++;
    }
  }
  sums.set([i0, i1, q0, q1, n0, n1]);
}

/** dp = t·dy[0] + 2·p·dy[1] per class. */
const diceSumsGrad = defineKernel<Record<'dy' | 'probabilities' | 'labels', TensorInfo>>(
  KERNELS.DiceSumsGrad,
  ({ inputs: { dy, probabilities, labels }, values, ints, output }) => {
    const [d, p, t] = [values(dy), values(probabilities), ints(labels)];
    const classes = probabilities.shape.at(-1)!;
    const dp = new Float32Array(p.length);
    for (let voxel = 0, i = 0; voxel < t.length; voxel++) {
      const label = t[voxel]!;
      for (let c = 0; c < classes; c++, i++) dp[i] = 2 * p[i]! * d[classes + c]! + (c === label ? d[c]! : 0);
    }
    return output(probabilities.shape, dp);
  },
);

export const diceKernels: readonly KernelConfig[] = [diceSums, diceSumsGrad];
