import type { KernelConfig } from '@tensorflow/tfjs-core';

/** Every kernel that this backend adds to, or puts in place of, the stock cpu ones. */
export const kernels: readonly KernelConfig[] = [];
