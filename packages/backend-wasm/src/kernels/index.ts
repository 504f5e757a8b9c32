import type { KernelConfig } from '@tensorflow/tfjs-core';
import { conv3dKernels } from './conv3d.js';
import { depthwiseConv3dKernels } from './depthwiseConv3d.js';
import { matmulKernels } from './matmul.js';
import { plainKernels } from './plain.js';

/** Every kernel that this backend adds to, or puts in place of, the stock cpu ones. */
export const kernels: readonly KernelConfig[] = [
  ...conv3dKernels,
  ...depthwiseConv3dKernels,
  ...matmulKernels,
  ...plainKernels,
];
