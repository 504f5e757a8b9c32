import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { findMethod, METHODS } from '../../src/methods/index.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import type { TrainEvent } from '../../src/trainer/events.js';
import { type TrainOptions, train } from '../../src/trainer.js';
import { ball, tinyData, tinySettings } from '../tiny.js';

beforeAll(async () => {
  await useBackend('wasm');
});

async function collect(options: TrainOptions): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(options)) events.push(event);
  return events;
}

const run = (name: string, extra: Partial<TrainOptions> = {}): TrainOptions => ({
  method: findMethod(name),
  data: tinyData(),
  store: memoryStore(),
  settings: tinySettings,
  ...extra,
});
const options: Record<string, unknown> = {
  crln: { prototypes: 3, warmUp: 3, anchors: 8, negatives: 16 },
  'ua-mt': { passes: 2 },
  bcp: { preTraining: 1 },
};

describe.each(Object.keys(METHODS))('%s', (name) => {
  it('trains, evaluates, saves, and leaves no tensor behind', async () => {
    const { numTensors } = tf.memory();
    const store = memoryStore();
    const evaluation = {
      every: 3,
      split: 'val' as const,
      cases: () => [
        { ...ball('v'), label: ball('v').label as Uint8Array, spacing: [1, 1, 1] as [number, number, number] },
      ],
    };
    const events = await collect(run(name, { store, options: options[name], evaluation }));
    expect(events.map((e) => `${e.type} ${e.iteration}`)).toEqual([
      'start 0',
      'step 2',
      'step 3',
      'evaluation 3',
      'checkpoint 3',
      'step 4',
      'checkpoint 4',
      'step 6',
      'evaluation 6',
      'checkpoint 6',
      'done 6',
    ]);
    const [step] = events.filter((e) => e.type === 'step');
    expect(Object.values(step?.losses ?? {}).every(Number.isFinite)).toBe(true);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('continues bit for bit after an interruption', async () => {
    const whole = memoryStore();
    await collect(run(name, { store: whole, options: options[name] }));
    const store = memoryStore();
    const stop = new AbortController();
    const first: TrainEvent[] = [];
    for await (const event of train(run(name, { store, options: options[name], signal: stop.signal }))) {
      first.push(event);
      if (event.type === 'step' && event.iteration === 4) stop.abort();
    }
    expect(first.at(-1)).toEqual({ type: 'interrupted', iteration: 4 });
    const events = await collect(run(name, { store, options: options[name], resume: true }));
    expect(events[0]).toMatchObject({ type: 'start', iteration: 4, resumed: true });
    expect([...store.files.keys()].sort()).toEqual([...whole.files.keys()].sort());
    for (const [path, bytes] of whole.files) expect([path, store.files.get(path)]).toEqual([path, bytes]);
  });
});
