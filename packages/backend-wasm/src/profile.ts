import { getKernelsForBackend, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { WASM_BACKEND } from './backend.js';
import { kernelCalls } from './counter.js';

/** What one kernel cost while {@link profileKernels} watched. */
export interface KernelProfile {
  name: string;
  calls: number;
  /** How many of the calls ran this package's own kernel; the others ran the stock one. */
  own: number;
  /** Milliseconds in all. */
  milliseconds: number;
  /** Elements of all outputs. */
  elements: number;
}

export interface Profile<T> {
  result: T;
  /** Milliseconds from start to end; what the kernels leave of it is TensorFlow.js itself and the caller. */
  milliseconds: number;
  /** The most expensive first. */
  kernels: KernelProfile[];
}

/**
 * Runs `work` and times every kernel of the `crln-wasm` backend that it calls, the stock ones among them. Kernels run to their
 * end when called, so the times are exact; where nothing is being profiled there is no cost.
 *
 * @example
 * const { kernels } = await profileKernels(() => step(batch));
 * console.table(kernels.slice(0, 10));
 */
export async function profileKernels<T>(work: () => T | Promise<T>): Promise<Profile<T>> {
  const profiles = new Map<string, KernelProfile>();
  const ownBefore = kernelCalls();
  const restore: (() => void)[] = [];
  for (const config of getKernelsForBackend(WASM_BACKEND)) {
    const { kernelName: name, kernelFunc } = config;
    config.kernelFunc = (params) => {
      const start = performance.now();
      const outputs = kernelFunc(params);
      const milliseconds = performance.now() - start;
      const profile = profiles.get(name) ?? { name, calls: 0, own: 0, milliseconds: 0, elements: 0 };
      profile.calls++;
      profile.milliseconds += milliseconds;
      for (const output of ([] as TensorInfo[]).concat(outputs)) profile.elements += util.sizeFromShape(output.shape);
      profiles.set(name, profile);
      return outputs;
    };
    restore.push(() => {
      config.kernelFunc = kernelFunc;
    });
  }
  const start = performance.now();
  try {
    const result = await work();
    const milliseconds = performance.now() - start;
    const own = kernelCalls();
    for (const profile of profiles.values()) profile.own = (own[profile.name] ?? 0) - (ownBefore[profile.name] ?? 0);
    const kernels = [...profiles.values()].sort((a, b) => b.milliseconds - a.milliseconds);
    return { result, milliseconds, kernels };
  } finally {
    for (const undo of restore) undo();
  }
}
