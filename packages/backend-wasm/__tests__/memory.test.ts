import { CrlnError, isCrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine } from '../src/engine.js';
import { registerWasmBackend, WASM_BACKEND, wasmMemoryBytes } from '../src/index.js';

beforeAll(async () => {
  await registerWasmBackend();
  await tf.setBackend(WASM_BACKEND);
});

const attrs = {
  strides: [1, 1, 1],
  pads: [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
  dilations: [1, 1, 1],
};

function convolve(size: number): void {
  tf.tidy(() => {
    const inputs = { x: tf.ones([2, size, size, size, 4]), filter: tf.ones([3, 3, 3, 4, 8]) };
    const y = tf.engine().runKernel(KERNELS.Conv3d, inputs, attrs) as tf.Tensor;
    tf.engine().runKernel(KERNELS.Conv3dFilterGrad, { x: inputs.x, dy: y }, { ...attrs, filterShape: [3, 3, 3, 4, 8] });
  });
}

describe('scratch memory', () => {
  it('does not grow over repeated calls, and every call gives it back', () => {
    convolve(24);
    const held = wasmMemoryBytes();
    const tensors = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) convolve(24);
    convolve(8);
    expect(wasmMemoryBytes()).toBe(held);
    expect(engine().arena.used).toBe(0);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('stays below 32 MiB for a large volume, which is worked on in slabs', () => {
    convolve(96);
    expect(wasmMemoryBytes()).toBeLessThan(32 << 20);
  });

  it('names kernel, shape and bytes when it runs out, and works on afterwards', () => {
    const { arena } = engine();
    const limit = arena.limit;
    arena.limit = 100_000;
    let caught: unknown;
    try {
      convolve(24);
    } catch (error) {
      caught = error;
    } finally {
      arena.limit = limit;
    }
    expect(isCrlnError(caught, 'out-of-memory')).toBe(true);
    const { message, fields } = caught as CrlnError;
    expect(message).toMatch(/CrlnConv3d: no WebAssembly memory for a tensor of shape \[2,24,24,24,4\]: \d+ bytes/);
    expect(fields).toMatchObject({ kernel: 'CrlnConv3d', shape: [2, 24, 24, 24, 4], limit: 100_000 });
    expect(arena.used).toBe(0);
    convolve(24);
  });

  it('refuses what no 32-bit memory can hold', () => {
    const { arena } = engine();
    expect(() => arena.take(2 ** 30, { kernel: 'Test', shape: [1024, 1024, 1024] })).toThrow(CrlnError);
    expect(arena.used).toBe(0);
  });
});
