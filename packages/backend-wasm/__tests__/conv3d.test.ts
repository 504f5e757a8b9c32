import { type Pads3d, stockConvGeometry } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
// Gradients of stock operations are registered by this import alone.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildName, kernelCalls, resetKernelCalls, WASM_BACKEND } from '../src/index.js';
import { RUNS, runOurs, useWasm } from './kernels/harness.js';
import { ReferenceConv, randomArray, relativeError, sizeOf } from './reference.js';

beforeAll(useWasm);
beforeEach(async () => {
  await tf.setBackend(WASM_BACKEND);
  resetKernelCalls();
});

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

  it('equals the float64 definition on any shape', () => {
    const triple = (min: number, max: number) =>
      fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min, max }));
    const channels = fc.constantFrom(1, 3, 5, 8, 16, 17);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 }),
        triple(3, 7),
        triple(1, 3),
        triple(1, 3),
        fc.constantFrom('same' as const, 'valid' as const),
        channels,
        channels,
        (n, size, kernel, strides, pad, ci, co) => {
          const [x, filter] = [
            [n, ...size, ci],
            [...kernel, ci, co],
          ];
          const { before, output } = stockConvGeometry('Test', x, filter, { strides, pad });
          // The padding after an axis, by its output size: negative where the last window ends before it.
          const pads = size.map((m, a) => [before[a]!, (output[a]! - 1) * strides[a]! + kernel[a]! - before[a]! - m]);
          const reference = new ReferenceConv(x, filter, { strides, pads: pads as Pads3d, dilations: [1, 1, 1] });
          expect([...reference.output]).toEqual([...output]);
          const [xs, ws, dys] = [x, filter, reference.yShape].map((shape, i) => randomArray(sizeOf(shape), i + 1)) as [
            Float32Array,
            Float32Array,
            Float32Array,
          ];
          tf.tidy(() => {
            const [xt, wt, dyt] = [tf.tensor(xs, x), tf.tensor(ws, filter), tf.tensor(dys, reference.yShape)];
            const attrs = { strides, pad };
            const [y] = runOurs(
              'Conv3D',
              { x: xt, filter: wt },
              { ...attrs, dataFormat: 'NDHWC', dilations: [1, 1, 1] },
            );
            const [dx] = runOurs('Conv3DBackpropInputV2', { dy: dyt, filter: wt }, { ...attrs, inputShape: x });
            const [dw] = runOurs('Conv3DBackpropFilterV2', { x: xt, dy: dyt }, { ...attrs, filterShape: filter });
            expect(relativeError(y!, reference.forward(xs, ws))).toBeLessThan(1e-5);
            expect(relativeError(dx!, reference.inputGrad(dys, ws))).toBeLessThan(1e-5);
            expect(relativeError(dw!, reference.filterGrad(xs, dys))).toBeLessThan(1e-5);
          });
        },
      ),
      { ...RUNS, seed: 3 },
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
