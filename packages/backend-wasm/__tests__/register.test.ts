import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as api from '../src/index.js';
import { kernels } from '../src/kernels/index.js';
import { ReferenceConv, randomArray, relativeError, same } from './reference.js';

type Five = [number, number, number, number, number];

describe('registerWasmBackend', () => {
  it('exports the public names', () => {
    expect(Object.keys(api).sort()).toEqual([
      'WASM_BACKEND',
      'buildName',
      'kernelCalls',
      'matmul',
      'profileKernels',
      'registerWasmBackend',
      'resetKernelCalls',
      'wasmMemoryBytes',
    ]);
  });

  it('says what to do when the kernels are asked for too early', () => {
    expect(api.wasmMemoryBytes()).toBe(0);
    expect(() => api.buildName()).toThrow(/registerWasmBackend/);
  });

  it('registers once, without becoming the current backend, with the build that was asked for', async () => {
    const before = tf.engine().backendName;
    const info = await api.registerWasmBackend({ simd: 'simd', threads: 2 });
    expect(info).toEqual({ name: 'crln-wasm', build: 'simd', threads: 2 });
    expect(await api.registerWasmBackend({ simd: 'relaxed' })).toEqual(info);
    expect(api.buildName()).toBe('simd');
    expect(tf.engine().backendName).toBe(before);
    expect(api.wasmMemoryBytes()).toBeGreaterThan(0);
  });

  it('has every stock cpu kernel and ours in place of some', () => {
    const ours = new Map(
      tf.getKernelsForBackend(api.WASM_BACKEND).map((kernel) => [kernel.kernelName, kernel.kernelFunc]),
    );
    for (const { kernelName } of tf.getKernelsForBackend('cpu')) expect(ours.has(kernelName)).toBe(true);
    for (const { kernelName, kernelFunc } of kernels) expect(ours.get(kernelName)).toBe(kernelFunc);
    expect(new Set(kernels.map((kernel) => kernel.kernelName)).size).toBe(kernels.length);
  });

  it('convolves right without relaxed SIMD too', async () => {
    await tf.setBackend(api.WASM_BACKEND);
    const x: Five = [1, 5, 6, 7, 3];
    const filter: Five = [3, 3, 3, 3, 11];
    const reference = new ReferenceConv(x, filter, same);
    const [xs, ws] = [randomArray(5 * 6 * 7 * 3, 1), randomArray(27 * 33, 2)];
    const y = tf.tidy(() => tf.conv3d(tf.tensor5d(xs, x), tf.tensor5d(ws, filter), 1, 'same').dataSync());
    expect(relativeError(y as Float32Array, reference.forward(xs, ws))).toBeLessThan(1e-5);
  });
});
