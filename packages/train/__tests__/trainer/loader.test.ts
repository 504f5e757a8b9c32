import type { BatchLoader, OpenLoader } from '@crln/data';
import { batchLoader } from '@crln/data';
import { workerLoader } from '@crln/data/node';
import { useBackend } from '@crln/ops';
import { beforeAll, describe, expect, it } from 'vitest';
import { findMethod } from '../../src/methods/index.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import type { TrainEvent } from '../../src/trainer/events.js';
import { type TrainOptions, train } from '../../src/trainer.js';
import { tinyData, tinySettings } from '../tiny.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const options: Record<string, unknown> = { crln: { prototypes: 3, warmUp: 3, anchors: 8, negatives: 16 } };

async function run(name: string, extra: Partial<TrainOptions> = {}) {
  const store = memoryStore();
  const events: TrainEvent[] = [];
  const given = { method: findMethod(name), options: options[name], data: tinyData(), store, settings: tinySettings };
  for await (const event of train({ ...given, ...extra })) events.push(event);
  return { store, events };
}

/** A loader that counts what is asked of it and may be late. */
function spy(late: (iteration: number) => Promise<unknown> = async () => {}) {
  const seen = { closed: 0 };
  const open: OpenLoader = (source, options) => {
    const loader: BatchLoader = batchLoader(source, options);
    return {
      async batch(iteration) {
        await late(iteration);
        return loader.batch(iteration);
      },
      async close() {
        seen.closed++;
      },
    };
  };
  return { seen, open };
}

describe('train with a loader', () => {
  it.each(['supervised', 'mean-teacher', 'crln'])('%s ends in the same bytes with 0 and 1 workers', async (name) => {
    const [inLine, threaded] = [await run(name), await run(name, { loader: workerLoader({ workers: 1 }) })];
    expect([...threaded.store.files.keys()]).toEqual([...inLine.store.files.keys()]);
    for (const [path, bytes] of inLine.store.files)
      expect([path, threaded.store.files.get(path)]).toEqual([path, bytes]);
  });

  it('says how long it waited for batches, which is a part of the time', async () => {
    const late = spy(() => new Promise((resolve) => setTimeout(resolve, 60)));
    for (const event of (await run('supervised', { loader: late.open })).events) {
      if (event.type !== 'step') continue;
      expect(event.waitingMilliseconds).toBeGreaterThan(55);
      expect(event.waitingMilliseconds).toBeLessThan(event.milliseconds);
    }
  });

  it('closes the loader at the end, after an error, and where the caller walks away', async () => {
    const { seen, open } = spy(async (iteration) => {
      if (iteration === 3) throw new Error('gone');
    });
    await run('supervised', { loader: open, settings: { ...tinySettings, iterations: 2 } });
    expect(seen.closed).toBe(1);
    await expect(run('supervised', { loader: open })).rejects.toThrow('gone');
    expect(seen.closed).toBe(2);
    const given = { method: findMethod('supervised'), data: tinyData(), store: memoryStore(), settings: tinySettings };
    for await (const event of train({ ...given, loader: open })) if (event.type === 'step') break;
    expect(seen.closed).toBe(3);
  });

  it('stops waiting for a batch when it is told to stop, saves, and goes on from there bit for bit', async () => {
    const stop = new AbortController();
    const { seen, open } = spy((iteration) => {
      if (iteration !== 3) return Promise.resolve();
      setTimeout(() => stop.abort(), 10);
      return new Promise(() => {});
    });
    const { store, events } = await run('supervised', { loader: open, signal: stop.signal });
    expect(events.slice(-3).map((e) => `${e.type} ${e.iteration}`)).toEqual([
      'step 3',
      'checkpoint 3',
      'interrupted 3',
    ]);
    expect(seen.closed).toBe(1);
    await run('supervised', { store, resume: true, loader: workerLoader({ workers: 1 }) });
    const whole = await run('supervised');
    for (const [path, bytes] of whole.store.files) expect([path, store.files.get(path)]).toEqual([path, bytes]);
  });
});
