import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { missing } from '../../../backend-webgpu/__tests__/adapter.js';
import { findMethod } from '../../src/methods/index.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { train } from '../../src/trainer.js';
import { tinyData, tinySettings } from '../tiny.js';

/** The losses of every iteration, and the memory of the GPU after each, where there is one. */
async function curves(backend: 'wasm' | 'webgpu', name: string, iterations: number, options: object) {
  await useBackend(backend);
  const settings = { ...tinySettings, iterations, logEvery: 1, saveEvery: iterations };
  const losses: Record<string, number>[] = [];
  const memory: unknown[] = [];
  const run = { method: findMethod(name), data: tinyData(), store: memoryStore(), settings, options };
  for await (const event of train(run)) {
    if (event.type !== 'step') continue;
    losses.push(event.losses);
    const { numDispatches: _, ...held } = tf.memory() as unknown as Record<string, number>;
    memory.push(held);
  }
  return { losses, memory };
}

const small = { prototypes: 2, warmUp: 10, anchors: 8, negatives: 16 };

const title = missing ? `on webgpu (skipped: ${missing})` : 'on webgpu';
(missing ? describe.skip : describe)(title, () => {
  it.each([
    [20, 'crln', small],
    [20, 'crln', { ...small, variant: 'paper' }],
    [20, 'mean-teacher', {}],
    [20, 'ua-mt', { passes: 2 }],
    [20, 'cross-pseudo', {}],
    [20, 'urpc', {}],
    [20, 'mc-net', {}],
    // A pseudo-label that falls to the other side moves all that follows.
    [10, 'bcp', {}],
    [10, 'bcp', { largestComponent: false }],
    [20, 'supervised', {}],
  ])(
    '%i iterations of %s %j have the losses of wasm within 1e-3',
    async (iterations, name, options) => {
      const expected = await curves('wasm', name, iterations, options);
      const { losses } = await curves('webgpu', name, iterations, options);
      expect(losses).toHaveLength(iterations);
      losses.forEach((found, i) => {
        for (const [term, value] of Object.entries(expected.losses[i]!)) {
          expect(Math.abs(found[term]! - value), `${term} at ${i + 1}`).toBeLessThan(
            1e-3 * Math.max(Math.abs(value), 1),
          );
        }
      });
    },
    300_000,
  );

  it('holds no more tensors or bytes on the GPU after 300 iterations than after 20', async () => {
    const { memory } = await curves('webgpu', 'crln', 300, small);
    for (const later of memory.slice(20)) expect(later).toEqual(memory[19]);
  }, 300_000);
});
