import { wasmMemoryBytes } from '@crln/backend-wasm';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { findMethod } from '../../src/methods/index.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { train } from '../../src/trainer.js';
import { tinyData, tinySettings } from '../tiny.js';

const flat = async (name: string, iterations: number, options: unknown) => {
  await useBackend('wasm');
  const network = { baseFilters: 1, levels: 2 };
  const settings = { ...tinySettings, iterations, logEvery: 20, saveEvery: iterations, network };
  const seen: number[][] = [];
  const run = { method: findMethod(name), data: tinyData(), store: memoryStore(), settings, options };
  for await (const event of train(run)) {
    if (event.type !== 'step') continue;
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    seen.push([numTensors, numDataBuffers, numBytes, wasmMemoryBytes()]);
  }
  expect(seen).toHaveLength(iterations / 20);
  for (const later of seen) expect(later).toEqual(seen[0]);
};

it(
  'holds no more tensors, buffers or bytes after 500 iterations than after 20',
  () => flat('supervised', 500, {}),
  180_000,
);

it('holds no more of them after 60 iterations of crln than after 20', async () => {
  await flat('crln', 60, { prototypes: 2, warmUp: 10, anchors: 4, negatives: 8 });
}, 180_000);
