import * as tf from '@tensorflow/tfjs-core';
import { vi } from 'vitest';
import type { CrlnWebGpuBackend } from '../../src/backend.js';
import type { Shader } from '../../src/gpu/shader.js';

export const gpu = () => tf.backend() as CrlnWebGpuBackend;

/** The shaders of products and direct convolutions that some work runs. With `dry` none runs. */
export async function shadersOf<T>(work: () => Promise<T>, dry = false): Promise<{ shaders: Shader[]; result: T }> {
  const dispatch = vi.spyOn(gpu().recorder, 'dispatch');
  if (dry) dispatch.mockImplementation(() => {});
  try {
    const result = await work();
    const all = dispatch.mock.calls.map(([shader]) => shader);
    return { shaders: all.filter(({ key }) => /^(product|direct|sumParts)/.test(key)), result };
  } finally {
    dispatch.mockRestore();
  }
}

/** Whether a shader multiplies by matrices of subgroups. */
export const byMatrix = ({ key }: Shader): boolean => key.includes('matrices');
