import * as tf from '@tensorflow/tfjs-core';
// Gradients of stock operations are registered by this import alone.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildName, kernelCalls, registerWasmBackend, resetKernelCalls, WASM_BACKEND } from '../src/index.js';
import { randomArray, relativeError, sizeOf } from './reference.js';

beforeAll(() => registerWasmBackend());
beforeEach(resetKernelCalls);

type Result = { y: Float32Array; dx: Float32Array; dw: Float32Array };
type Five = [number, number, number, number, number];

/** tf.conv3d and both gradients on a backend; the loss weighs each output differently. */
async function convolve(
  backend: string,
  x: number[],
  filter: number[],
  strides: number,
  pad: 'same' | 'valid',
): Promise<Result> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const xt = tf.tensor5d(randomArray(sizeOf(x), 1), x as Five);
    const wt = tf.tensor5d(randomArray(sizeOf(filter), 2), filter as Five);
    const conv = (a: tf.Tensor, b: tf.Tensor) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, strides, pad);
    const y = conv(xt, wt);
    const dy = tf.tensor5d(randomArray(y.size, 3), y.shape);
    const [dx, dw] = tf.grads(conv)([xt, wt], dy) as [tf.Tensor, tf.Tensor];
    return {
      y: y.dataSync() as Float32Array,
      dx: dx.dataSync() as Float32Array,
      dw: dw.dataSync() as Float32Array,
    };
  });
}

async function errors(x: number[], filter: number[], strides: number, pad: 'same' | 'valid'): Promise<number[]> {
  const stock = await convolve('cpu', x, filter, strides, pad);
  const ours = await convolve(WASM_BACKEND, x, filter, strides, pad);
  return [relativeError(ours.y, stock.y), relativeError(ours.dx, stock.dx), relativeError(ours.dw, stock.dw)];
}

describe('tf.conv3d on crln-wasm', () => {
  it('runs our kernels, forward and backward', async () => {
    await convolve(WASM_BACKEND, [1, 4, 4, 4, 2], [3, 3, 3, 2, 4], 1, 'same');
    expect(kernelCalls()).toMatchObject({ Conv3D: 2, Conv3DBackpropInputV2: 1, Conv3DBackpropFilterV2: 1 });
    resetKernelCalls();
    await convolve('cpu', [1, 4, 4, 4, 2], [3, 3, 3, 2, 4], 1, 'same');
    expect(kernelCalls()).toEqual({});
  });

  it('uses relaxed SIMD, which Node 20 has behind a flag', () => {
    expect(buildName()).toBe('relaxed-simd');
  });

  it('agrees with the stock cpu backend on any shape', async () => {
    const triple = (min: number, max: number) =>
      fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min, max }));
    const channels = fc.constantFrom(1, 3, 5, 8, 16, 17);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 }),
        triple(3, 8),
        triple(1, 3),
        fc.integer({ min: 1, max: 2 }),
        fc.constantFrom('same' as const, 'valid' as const),
        channels,
        channels,
        async (n, size, kernel, strides, pad, ci, co) => {
          const [y, dx, dw] = await errors([n, ...size, ci], [...kernel, ci, co], strides, pad);
          expect(y).toBeLessThan(1e-5);
          expect(dx).toBeLessThan(1e-5);
          expect(dw).toBeLessThan(1e-5);
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  it.each([
    ['the first level of a network', [2, 16, 16, 8, 8], [3, 3, 3, 8, 8], 1],
    ['its stride-2 convolution', [2, 16, 16, 8, 8], [2, 2, 2, 8, 16], 2],
    ['its last convolution', [2, 16, 16, 8, 8], [1, 1, 1, 8, 2], 1],
    ['the deepest level', [2, 4, 4, 2, 64], [3, 3, 3, 64, 64], 1],
  ])('agrees with the stock cpu backend on %s', async (_, x, filter, strides) => {
    const [y, dx, dw] = await errors(x, filter, strides, 'same');
    expect(y).toBeLessThan(1e-5);
    expect(dx).toBeLessThan(1e-5);
    expect(dw).toBeLessThan(1e-4);
  });

  it('lets stock operations that alias memory work around it', async () => {
    await tf.setBackend(WASM_BACKEND);
    tf.tidy(() => {
      const x = tf.tensor5d(randomArray(2 * 4 ** 3 * 2, 1), [2, 4, 4, 4, 2]);
      const filter = tf.tensor5d(randomArray(27 * 4, 2), [3, 3, 3, 2, 2]);
      const whole = tf.conv3d(x, filter, 1, 'same');
      const second = tf.slice(whole, [1, 0, 0, 0, 0], [1, 4, 4, 4, 2]);
      whole.dispose();
      tf.conv3d(x, filter, 1, 'same');
      const alone = tf.conv3d(tf.slice(x, [1, 0, 0, 0, 0], [1, 4, 4, 4, 2]) as tf.Tensor5D, filter, 1, 'same');
      expect(Array.from(second.dataSync())).toEqual(Array.from(alone.dataSync()));
    });
  });
});

describe('tf.conv3dTranspose on crln-wasm', () => {
  it('agrees with the stock cpu backend', async () => {
    const results = [];
    for (const backend of ['cpu', WASM_BACKEND]) {
      await tf.setBackend(backend);
      results.push(
        tf.tidy(() => {
          const x = tf.tensor5d(randomArray(2 * 8 * 8 * 4 * 16, 1), [2, 8, 8, 4, 16]);
          const filter = tf.tensor5d(randomArray(8 * 8 * 16, 2), [2, 2, 2, 8, 16]);
          return tf.conv3dTranspose(x, filter, [2, 16, 16, 8, 8], 2, 'valid').dataSync() as Float32Array;
        }),
      );
    }
    expect(relativeError(results[1]!, results[0]!)).toBeLessThan(1e-5);
    expect(kernelCalls()).toEqual({ Conv3DBackpropInputV2: 1 });
  });
});
