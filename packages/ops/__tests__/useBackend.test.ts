import { isCrlnError } from '@crln/core';
import { type BackendName, useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

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
    expect(choice.threads).toBeGreaterThanOrEqual(1);
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

  it("'webgpu' selects our own backend, or says what is missing where there is no GPU", async () => {
    const choice = await useBackend('webgpu').catch((error: unknown) => error);
    if (isCrlnError(choice)) {
      expect(choice.code).toBe('backend-unavailable');
      expect(choice.message).toMatch(/no GPU adapter for WebGPU|this browser has no WebGPU/);
      return;
    }
    expect(choice).toMatchObject({ name: 'webgpu', tfBackend: 'crln-webgpu', reason: 'asked for' });
    expect(tf.getBackend()).toBe('crln-webgpu');
  });

  it("'tensorflow' says what to install where it is not, or which Node it runs on", async () => {
    const error = await failure('tensorflow');
    expect(isCrlnError(error)).toBe(true);
    expect(String(error)).toMatch(/npm install @tensorflow\/tfjs-node|use Node 20 or 22/);
  });

  it('names the choices for an unknown backend, and keeps the current one', async () => {
    await useBackend('cpu');
    const error = await failure('cuda');
    expect(isCrlnError(error, 'unknown-option')).toBe(true);
    expect(String(error)).toContain("unknown backend 'cuda'; choose one of auto, wasm, webgpu, tensorflow, cpu");
    expect(tf.getBackend()).toBe('cpu');
  });
});
