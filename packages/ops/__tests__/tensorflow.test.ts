import { isCrlnError } from '@crln/core';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';

describe("useBackend('tensorflow')", () => {
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
    const error = await useBackend('tensorflow').then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isCrlnError(error, 'backend-unavailable')).toBe(true);
    expect(String(error)).toContain("backend 'tensorflow' does not start: @tensorflow/tfjs-node:");
    // Vitest wraps what a mock throws.
    expect(String(((error as Error).cause as Error).cause)).toContain('libtensorflow.so.2');
  });
});
