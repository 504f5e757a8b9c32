import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerCountingGpu } from '../../../backend-webgpu/__tests__/countingGpu.js';
import { WEBGPU_BACKEND } from '../../../backend-webgpu/src/index.js';
import { benchmarkMethod } from '../../src/benchmark.js';
import { findMethod } from '../../src/methods/index.js';
import { estimateMemory } from '../../src/trainer/memory.js';

const dispatches = () => (tf.memory() as unknown as { numDispatches: number }).numDispatches;

/** Shaders that a step of a 4-level V-Net of 16 filters starts once it runs as every later one does. */
async function dispatchesOf(method: string, patch: [number, number, number]): Promise<number> {
  const settings = { patch, network: { baseFilters: 16, levels: 4 } };
  const { step, dispose } = benchmarkMethod({ method: findMethod(method), settings });
  for (let i = 0; i < 2; i++) await step();
  const before = dispatches();
  await step();
  dispose();
  return dispatches() - before;
}

describe('what a training step records for a GPU', () => {
  beforeAll(async () => {
    await registerCountingGpu();
    await tf.setBackend(WEBGPU_BACKEND);
  });

  it.each([
    ['supervised', [16, 16, 16], 188],
    ['crln', [16, 16, 16], 863],
    ['supervised', [112, 112, 80], 255],
    ['crln', [112, 112, 80], 1053],
  ] as const)('starts no more shaders in a %s step, patches %j, than %i', async (method, patch, most) => {
    const count = await dispatchesOf(method, [...patch]);
    expect(count).toBeLessThanOrEqual(most);
    // Far fewer would mean that something is not computed.
    expect(count).toBeGreaterThan(most * 0.6);
  });

  it.each([
    ['supervised', 'f32', 1989],
    ['supervised', 'f16', 1112],
    ['crln', 'f32', 5590],
    ['crln', 'f16', 3527],
  ] as const)(
    'of %s in %s holds %i MiB at the left atrium’s patch, as estimated within a fifth',
    async (method, precision, most) => {
      // What another step held is not given back.
      tf.removeBackend(WEBGPU_BACKEND);
      await registerCountingGpu(precision);
      await tf.setBackend(WEBGPU_BACKEND);
      const patch: [number, number, number] = [112, 112, 80];
      await dispatchesOf(method, patch);
      const { numBytesInGPUAllocated } = tf.memory() as unknown as { numBytesInGPUAllocated: number };
      const MiB = numBytesInGPUAllocated / 2 ** 20;
      expect(MiB).toBeLessThanOrEqual(most + 1);
      const [batch, representation] = method === 'crln' ? [[2, 2] as const, 16] : [[2, 0] as const, 0];
      const network = { type: 'vNet', baseFilters: 16, levels: 4 } as const;
      const estimate = estimateMemory({ network, patch, batch, classes: 2, representation, precision, gpu: true });
      expect(estimate / 2 ** 20 / MiB).toBeGreaterThan(0.8);
      expect(estimate / 2 ** 20 / MiB).toBeLessThan(1.2);
    },
  );
});
