import * as tf from '@tensorflow/tfjs-core';
import { expect, it, vi } from 'vitest';
import { registerWebGpuBackend, WEBGPU_BACKEND } from '../src/index.js';
import { describeGpu } from './harness.js';

describeGpu('the backend', () => {
  it('tells how long work took, asynchronously', async () => {
    const x = tf.ones([64, 64]);
    const { kernelMs, wallMs } = (await tf.time(() => tf.dispose(tf.square(x)))) as {
      kernelMs: number;
      wallMs: number;
    };
    expect(kernelMs).toBeGreaterThan(0);
    expect(wallMs).toBeGreaterThanOrEqual(kernelMs);
    x.dispose();
  });

  it('profiles kernel by kernel, each by its own time', async () => {
    const x = tf.ones([64, 64]);
    const { newTensors, kernels, kernelNames, result } = await tf.profile(() => tf.tidy(() => tf.sum(tf.square(x))));
    expect(newTensors).toBe(1);
    expect(kernelNames.sort()).toEqual(['Square', 'Sum']);
    for (const { kernelTimeMs } of kernels) expect(kernelTimeMs as number).toBeGreaterThanOrEqual(0);
    expect([...(await (result as tf.Scalar).data())]).toEqual([4096]);
    tf.dispose([x, result as tf.Scalar]);
  });

  it('says how to read what is on the GPU where it is read at once', () => {
    const y = tf.tidy(() => tf.square(tf.ones([32])));
    expect(() => y.dataSync()).toThrow('use await tensor.data() in place of dataSync()');
    y.dispose();
  });

  it('is registered once, however often it is asked for', async () => {
    const before = tf.backend();
    const [a, b] = await Promise.all([registerWebGpuBackend(), registerWebGpuBackend({ poison: false })]);
    expect(a).toEqual(b);
    expect(tf.backend()).toBe(before);
  });

  it('opens the GPU anew after it was removed, without a word', async () => {
    const warn = vi.spyOn(console, 'warn');
    const before = tf.backend();
    const old = tf.square(tf.ones([32]));
    tf.removeBackend(WEBGPU_BACKEND);
    const [a, b] = await Promise.all([registerWebGpuBackend({ poison: true }), registerWebGpuBackend()]);
    expect(a).toEqual(b);
    expect(await tf.setBackend(WEBGPU_BACKEND)).toBe(true);
    expect(tf.backend()).not.toBe(before);
    expect([...(await tf.add([1, 2], [3, 4]).data())]).toEqual([4, 6]);
    // What is left of the former can still be disposed of.
    old.dispose();
    expect(warn).not.toHaveBeenCalled();
  });

  it('opens the GPU anew where it was removed before it was used', async () => {
    tf.removeBackend(WEBGPU_BACKEND);
    await registerWebGpuBackend({ poison: true });
    tf.removeBackend(WEBGPU_BACKEND);
    await registerWebGpuBackend({ poison: true });
    await tf.setBackend(WEBGPU_BACKEND);
    expect([...(await tf.add([1, 2], [3, 4]).data())]).toEqual([4, 6]);
  });
});
