import type { KernelConfig } from '@tensorflow/tfjs-core';
import { unaryKernels } from './unary.js';

/** Every kernel of this backend. */
export const kernels: readonly KernelConfig[] = [...unaryKernels];
