import { wasmMemoryBytes } from '@crln/backend-wasm';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { findMethod } from '../../src/methods/index.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { train } from '../../src/trainer.js';
import { tinyData, tinySettings } from '../tiny.js';

it('holds no more tensors, buffers or bytes after 500 iterations than after 20', async () => {
  await useBackend('wasm');
  const settings = {
    ...tinySettings,
    iterations: 500,
    logEvery: 20,
    saveEvery: 1000,
    network: { baseFilters: 1, levels: 2 },
  };
  const seen: number[][] = [];
  const store = memoryStore();
  for await (const event of train({ method: findMethod('supervised'), data: tinyData(), store, settings })) {
    if (event.type !== 'step') continue;
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    seen.push([numTensors, numDataBuffers, numBytes, wasmMemoryBytes()]);
  }
  expect(seen).toHaveLength(25);
  expect(seen.at(-1)).toEqual(seen[0]);
}, 180_000);
