import { isCrlnError } from '@crln/core';
import { type BackendName, useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';

const failure = async (name: string): Promise<unknown> =>
  useBackend(name as BackendName).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('useBackend', () => {
  it("'wasm' selects our own backend, never the stock one", async () => {
    const choice = await useBackend('wasm');
    expect(choice).toMatchObject({ name: 'wasm', tfBackend: 'crln-wasm', reason: 'asked for' });
    expect(choice.kernelBuild).toMatch(/simd/);
    expect(tf.getBackend()).toBe('crln-wasm');
  });

  it("'cpu' selects the stock backend in plain JavaScript", async () => {
    expect(await useBackend('cpu')).toMatchObject({ name: 'cpu', tfBackend: 'cpu', reason: 'asked for' });
    expect(tf.getBackend()).toBe('cpu');
  });

  it("'auto' takes WebAssembly where there is SIMD, and says so", async () => {
    const choice = await useBackend('auto');
    expect(choice).toMatchObject({ name: 'wasm', reason: 'this JavaScript engine has WebAssembly SIMD' });
  });

  it("'webgpu' says that it is not in this release and what is", async () => {
    const error = await failure('webgpu');
    expect(isCrlnError(error, 'backend-unavailable')).toBe(true);
    expect(String(error)).toMatch(/not part of this release; use 'wasm', 'tensorflow' or 'cpu'/);
  });

  it("'tensorflow' says what to install where it is not", async () => {
    const error = await failure('tensorflow');
    expect(isCrlnError(error, 'missing-dependency')).toBe(true);
    expect(String(error)).toContain('npm install @tensorflow/tfjs-node');
  });

  describe("'tensorflow'", () => {
    afterEach(async () => {
      vi.doUnmock('@tensorflow/tfjs-node');
      await useBackend('cpu');
      if (tf.findBackend('tensorflow')) tf.removeBackend('tensorflow');
    });

    it('runs where @tensorflow/tfjs-node is installed', async () => {
      await useBackend('cpu');
      const cpu = tf.backend() as tf.KernelBackend;
      vi.doMock('@tensorflow/tfjs-node', () => {
        tf.registerBackend('tensorflow', () => cpu);
        return {};
      });
      expect(await useBackend('tensorflow')).toMatchObject({
        name: 'tensorflow',
        tfBackend: 'tensorflow',
        reason: '@tensorflow/tfjs-node is installed',
      });
      expect(tf.getBackend()).toBe('tensorflow');
    });

    it('says why where it is installed but does not load', async () => {
      vi.doMock('@tensorflow/tfjs-node', () => {
        throw new Error('libtensorflow.so.2: cannot open shared object file');
      });
      const error = await failure('tensorflow');
      expect(isCrlnError(error, 'backend-unavailable')).toBe(true);
      expect(String(error)).toContain("backend 'tensorflow' does not start: @tensorflow/tfjs-node:");
      // Vitest wraps what a mock throws.
      expect(String(((error as Error).cause as Error).cause)).toContain('libtensorflow.so.2');
    });
  });

  it('names the choices for an unknown backend, and keeps the current one', async () => {
    await useBackend('cpu');
    const error = await failure('cuda');
    expect(isCrlnError(error, 'unknown-option')).toBe(true);
    expect(String(error)).toContain("unknown backend 'cuda'; choose one of auto, wasm, webgpu, tensorflow, cpu");
    expect(tf.getBackend()).toBe('cpu');
  });
});
