import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WEBGPU_BACKEND } from '@crln/backend-webgpu';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { missing } from '../../../backend-webgpu/__tests__/adapter.js';
import type { CrlnWebGpuBackend } from '../../../backend-webgpu/src/backend.js';
import { loadCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { findMethod } from '../../src/methods/index.js';
import { type FolderStore, folderStore } from '../../src/store/folderStore.js';
import type { TrainEvent } from '../../src/trainer/events.js';
import { train } from '../../src/trainer.js';
import { tinyData, tinySettings } from '../tiny.js';

const settings = { ...tinySettings, iterations: 10, saveEvery: 4, logEvery: 1 };

/** Trains into a store; `watch` sees every event. */
async function run(store: FolderStore, watch: (event: TrainEvent) => void, resume = false): Promise<void> {
  const method = findMethod('mean-teacher');
  for await (const event of train({ method, data: tinyData(), store, settings, resume })) watch(event);
}

const gpu = () => tf.backend() as CrlnWebGpuBackend;
/** What a driver that resets the GPU does: the backend is told only afterwards. */
const lose = () => gpu().device.gpu.destroy();

/** When the device is lost: after the checkpoint of iteration 4, and in the middle of reading that of iteration 8. */
const MOMENTS: Record<string, (event: TrainEvent) => void> = {
  'between two iterations': (event) => {
    if (event.type === 'step' && event.iteration === 6) lose();
  },
  'while weights are read for a checkpoint': (event) => {
    if (event.type !== 'step' || event.iteration !== 8) return;
    const read = gpu().read.bind(gpu());
    let reads = 0;
    vi.spyOn(gpu(), 'read').mockImplementation((id) => {
      const values = read(id);
      if (++reads === 3) lose();
      return values;
    });
  },
};

const title = missing ? `a lost device (skipped: ${missing})` : 'a lost device';
(missing ? describe.skip : describe)(title, () => {
  let folder: string;
  let store: FolderStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crln-lost-'));
    store = await folderStore(folder);
    await useBackend('webgpu');
  });
  afterEach(async () => {
    // A lost device stays lost: the next registration opens another.
    tf.removeBackend(WEBGPU_BACKEND);
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(Object.keys(MOMENTS))('%s: the run stops, and goes on from the last checkpoint', async (moment) => {
    await expect(run(store, MOMENTS[moment]!)).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining('crln-webgpu: the device was lost (destroyed)'),
    });
    // Every byte of it is checked.
    expect((await loadCheckpoint(store)).iteration).toBe(4);
    const files = await readdir(folder, { recursive: true });
    expect(files.filter((name) => /\.(new|old|writing)/.test(name))).toEqual([]);

    await useBackend('wasm');
    const seen: TrainEvent[] = [];
    await run(store, (event) => void seen.push(event), true);
    expect(seen[0]).toMatchObject({ type: 'start', iteration: 4, resumed: true });
    expect(seen.at(-1)).toMatchObject({ type: 'done', iteration: 10 });
    for (const event of seen) {
      if (event.type === 'step') for (const loss of Object.values(event.losses)) expect(loss).toBeLessThan(10);
    }
  });

  it('a new device goes on too', async () => {
    await expect(run(store, MOMENTS['between two iterations']!)).rejects.toThrow('lost');
    await expect(useBackend('webgpu').then(() => tf.square([1, 2]).data())).rejects.toThrow('lost');
    tf.removeBackend(WEBGPU_BACKEND);
    await useBackend('webgpu');
    const seen: TrainEvent[] = [];
    await run(store, (event) => void seen.push(event), true);
    expect(seen[0]).toMatchObject({ type: 'start', iteration: 4, resumed: true });
    expect(seen.at(-1)).toMatchObject({ type: 'done', iteration: 10 });
  });
});
