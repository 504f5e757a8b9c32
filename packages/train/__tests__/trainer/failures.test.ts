import type { PreparedCase } from '@crln/data';
import { useBackend } from '@crln/ops';
import { beforeAll, describe, expect, it } from 'vitest';
import { readLog } from '../../src/checkpoint/log.js';
import { findMethod, METHODS } from '../../src/methods/index.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { type TrainOptions, train } from '../../src/trainer.js';
import { tinyData, tinySettings } from '../tiny.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const run = async (extra: Partial<TrainOptions> = {}) => {
  const options = { method: findMethod('supervised'), data: tinyData(), store: memoryStore(), settings: tinySettings };
  for await (const _ of train({ ...options, ...extra }));
};

describe('train refuses, or stops, with one clear error', () => {
  it('a loss that is no number: names iteration and cases, keeps the last good checkpoint', async () => {
    const data = tinyData();
    let poisoned = false;
    const load = async (id: string): Promise<PreparedCase> => {
      const one = await data.load(id);
      return poisoned ? { ...one, image: one.image.map(() => Number.NaN) } : one;
    };
    const store = memoryStore();
    await run({ store, data: { ...data, load }, settings: { ...tinySettings, iterations: 4 } });
    poisoned = true;
    const more = { store, data: { ...data, load }, resume: true, settings: { ...tinySettings, iterations: 8 } };
    await expect(run(more)).rejects.toMatchObject({
      code: 'not-finite',
      fields: { iteration: 5, cases: expect.arrayContaining([expect.stringMatching(/^[ab]$/)]) },
    });
    expect(JSON.parse(new TextDecoder().decode(await store.read('last.json')))).toEqual({ iteration: 4 });
    expect((await readLog(store)).at(-1)?.iteration).toBe(4);
  });

  it('weights that are no numbers though the loss was one', async () => {
    const settings = { ...tinySettings, iterations: 1, optimizer: { learningRate: 1e38, weightDecay: 1e38 } };
    await expect(run({ settings })).rejects.toMatchObject({ code: 'not-finite' });
  });

  const semi = Object.keys(METHODS).filter((name) => name !== 'supervised');
  it.each(semi)('%s without unlabelled cases, or without unlabelled patches', async (name) => {
    const method = findMethod(name);
    await expect(run({ method, data: { ...tinyData(), unlabelled: [] } })).rejects.toMatchObject({
      code: 'invalid-data',
    });
    await expect(run({ method, settings: { ...tinySettings, batch: [2, 0] } })).rejects.toThrow('unlabelled patches');
  });

  it('windows of the evaluation that would leave gaps', async () => {
    const store = memoryStore();
    const evaluation = { every: 9, split: 'val' as const, cases: () => [], window: { stride: 16 } };
    await expect(run({ store, evaluation })).rejects.toThrow('stride must be from 1 to the window');
    expect(await store.list('')).toEqual([]);
  });

  it('a labelled case without a label', async () => {
    const data = tinyData();
    const load = async (id: string) => {
      const { label: _, ...bare } = await data.load(id);
      return bare;
    };
    await expect(run({ data: { ...data, load } })).rejects.toThrow(/case [ab] is listed as labelled and has no label/);
  });

  it('a place that holds a run, unless it is resumed', async () => {
    const store = memoryStore();
    await run({ store });
    await expect(run({ store })).rejects.toMatchObject({ code: 'run-exists' });
    await run({ store, resume: true });
  });

  it('a checkpoint of another method or size', async () => {
    const store = memoryStore();
    await run({ store });
    await expect(run({ store, resume: true, method: findMethod('mean-teacher') })).rejects.toThrow(
      'the checkpoint is of method supervised, not mean-teacher',
    );
    const settings = { ...tinySettings, network: { baseFilters: 4, levels: 2 } };
    await expect(run({ store, resume: true, settings })).rejects.toMatchObject({ code: 'settings-differ' });
  });

  it('patches that do not divide, memory that does not suffice, options that do not exist', async () => {
    await expect(run({ settings: { ...tinySettings, patch: [9, 8, 4] } })).rejects.toMatchObject({
      code: 'invalid-shape',
    });
    await expect(run({ memoryLimit: 1000 })).rejects.toMatchObject({ code: 'out-of-memory' });
    await expect(run({ options: { emaDecy: 0.9 } })).rejects.toThrow("did you mean 'emaDecay'");
  });
});
