import { describe, expect, it } from 'vitest';
import { appendLog, cutLog, readLog } from '../../src/checkpoint/log.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { readText } from '../../src/store/runStore.js';

async function logged(last: number) {
  const store = memoryStore();
  for (let iteration = 1; iteration <= last; iteration++) {
    await appendLog(store, { iteration, kind: 'step', learningRate: 0.1, losses: { loss: 1 / iteration } });
  }
  return store;
}

describe('the log', () => {
  it('is cut back to a checkpoint, and is then what an uninterrupted run would have written', async () => {
    const store = await logged(9);
    expect(await cutLog(store, 6)).toBe(6);
    expect(store.files).toEqual((await logged(6)).files);
  });

  it('survives a last line torn at any byte', async () => {
    const whole = (await logged(5)).files.get('metrics.jsonl') as Uint8Array;
    const before = (await logged(4)).files.get('metrics.jsonl') as Uint8Array;
    for (let length = before.length; length < whole.length; length++) {
      const store = memoryStore(new Map([['metrics.jsonl', whole.slice(0, length)]]));
      // All of the line but its line feed is a whole line.
      const lines = length === whole.length - 1 ? 5 : 4;
      expect(await readLog(store)).toHaveLength(lines);
      expect(await cutLog(store, 5)).toBe(lines);
      expect(await readText(store, 'metrics.jsonl')).toBe(new TextDecoder().decode(lines === 5 ? whole : before));
    }
  });

  it('is empty where there is none', async () => {
    expect(await readLog(memoryStore())).toEqual([]);
    expect(await cutLog(memoryStore(), 3)).toBe(0);
  });

  it('names a broken line in the middle', async () => {
    const store = memoryStore();
    await store.write('metrics.jsonl', '{"kind":"x","iteration":1}\n{"iter\n{"kind":"x","iteration":3}\n');
    await expect(readLog(store)).rejects.toThrow(/metrics\.jsonl line 2 in memory/);
  });

  it('refuses NaN, which JSON would turn into null', async () => {
    await expect(appendLog(memoryStore(), { kind: 'x', iteration: 1, loss: Number.NaN })).rejects.toThrow(/loss: NaN/);
  });
});
