import * as tf from '@tensorflow/tfjs-core';
import { vi } from 'vitest';
import { computeBits } from './bits.js';
import { holdSameBits } from './sameBits.js';

holdSameBits(async (threads) => {
  vi.resetModules();
  if (tf.findBackend('crln-wasm')) tf.removeBackend('crln-wasm');
  for (const { kernelName } of tf.getKernelsForBackend('crln-wasm')) tf.unregisterKernel(kernelName, 'crln-wasm');
  const { engine } = await import('../src/engine.js');
  return computeBits(threads, { api: await import('../src/index.js'), engine });
});
