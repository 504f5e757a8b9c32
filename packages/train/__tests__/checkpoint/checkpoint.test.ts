import { isCrlnError } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { readPointers } from '../../src/checkpoint/pointers.js';
import type { BestScore, CheckpointContent, NamedTensors } from '../../src/checkpoint/types.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { Crash, failingStore } from '../store/failingStore.js';

const tensors = (value: number): NamedTensors => ({
  'block1/kernel': { shape: [2, 2], data: Float32Array.of(value, value + 0.5, -value, 1e-30) },
  'block1/bias': { shape: [2], data: Float32Array.of(value, 0) },
});
const content = (value: number): CheckpointContent => ({
  models: { student: tensors(value), teacher: tensors(value / 3) },
  optimizers: { student: tensors(value * 7) },
  state: { mu: { shape: [], data: Float32Array.of(value) } },
  info: { value, best: null, names: ['a'], nested: { deep: true } },
});
const score = (value: number): BestScore => ({ split: 'val', metric: 'dice', value });

describe('saveCheckpoint and loadCheckpoint', () => {
  it('bring everything back, bit for bit', async () => {
    const store = memoryStore();
    await saveCheckpoint(store, 100, content(1));
    expect(await loadCheckpoint(store)).toEqual({ iteration: 100, ...content(1) });
    expect(await loadCheckpoint(store, 100)).toEqual(await loadCheckpoint(store, 'last'));
    expect([...store.files.keys()].sort()).toEqual([
      'checkpoints/100/model-student.safetensors',
      'checkpoints/100/model-teacher.safetensors',
      'checkpoints/100/optimizer-student.safetensors',
      'checkpoints/100/state.json',
      'checkpoints/100/state.safetensors',
      'last.json',
    ]);
  });

  it('keep the last, the best and as many as asked for, and remove the others', async () => {
    const store = memoryStore();
    await saveCheckpoint(store, 100, content(1));
    await saveCheckpoint(store, 200, content(2), { best: score(0.7) });
    await saveCheckpoint(store, 300, content(3), { bestOnTest: { ...score(0.8), split: 'test' } });
    await saveCheckpoint(store, 400, content(4));
    expect(await listCheckpoints(store)).toEqual([200, 300, 400]);
    expect(await readPointers(store)).toEqual({ last: 400, best: 200, 'best-on-test': 300 });
    expect((await loadCheckpoint(store, 'best')).info.value).toBe(2);
    await saveCheckpoint(store, 500, content(5), { best: score(0.9), keep: 2 });
    expect(await listCheckpoints(store)).toEqual([300, 400, 500]);
  });

  it('remove what a crash left of a checkpoint later than the one that the run went back to', async () => {
    const store = memoryStore();
    await saveCheckpoint(store, 300, content(3));
    await saveCheckpoint(store, 200, content(2));
    expect(await listCheckpoints(store)).toEqual([200]);
  });

  it.each([
    ['a new iteration', 200, undefined],
    ['a new best', 200, score(0.9)],
    ['the same iteration again', 100, undefined],
    ['the same iteration, now the best', 100, score(0.9)],
  ])('leave the old or the new one whole after a crash at any file operation: %s', async (_, iteration, best) => {
    const before = new Map<string, Uint8Array>();
    await saveCheckpoint(memoryStore(before), 50, content(5), { best: score(0.5) });
    await saveCheckpoint(memoryStore(before), 100, content(1));
    const old = { iteration: 100, ...content(1) };
    const fresh = { iteration, ...content(2) };
    const whole = failingStore(new Map(before));
    await saveCheckpoint(whole.store, iteration, content(2), best ? { best } : {});
    expect(whole.changes()).toBeGreaterThan(6);
    let seenOld = 0;
    for (let k = 0; k < whole.changes(); k++) {
      const files = new Map(before);
      await expect(
        saveCheckpoint(failingStore(files, k).store, iteration, content(2), best ? { best } : {}),
      ).rejects.toThrow(Crash);
      const store = memoryStore(files);
      const last = await loadCheckpoint(store);
      if (last.info.value === 1) seenOld++;
      expect(last).toEqual(last.info.value === 1 ? old : fresh);
      const chosen = await loadCheckpoint(store, 'best');
      expect([5, 2, ...(iteration === 100 ? [1] : [])]).toContain(chosen.info.value);
      // A crash of the run that follows, at any operation too, and then one that gets through.
      for (let again = 0; again < 6; again++) {
        const twice = new Map(files);
        await saveCheckpoint(failingStore(twice, again).store, iteration, content(2)).catch(() => {});
        expect([1, 2]).toContain((await loadCheckpoint(memoryStore(twice))).info.value);
      }
      await saveCheckpoint(store, iteration, content(2), best ? { best } : {});
      expect(await loadCheckpoint(store)).toEqual(fresh);
      expect([...files.keys()].filter((path) => /\.(new|old)\b/.test(path))).toEqual([]);
    }
    expect(seenOld).toBeGreaterThan(3);
  });

  it('find any changed, shortened or missing file and name it', async () => {
    const files = new Map<string, Uint8Array>();
    await saveCheckpoint(memoryStore(files), 7, content(1));
    for (const [path, bytes] of files) {
      const damages = [
        bytes.slice(0, bytes.length - 1),
        bytes.slice(0, 0),
        ...[0, 0.3, 0.6, 0.99].map((part) => bytes.map((b, i) => (i === Math.floor(part * bytes.length) ? b ^ 1 : b))),
        undefined,
      ];
      for (const damage of damages) {
        const broken = new Map(files);
        if (damage) broken.set(path, damage);
        else broken.delete(path);
        const result = await loadCheckpoint(memoryStore(broken)).catch((error: unknown) => error);
        if (path === 'last.json') continue;
        if (!isCrlnError(result)) {
          // Only white space of the JSON may change without harm.
          expect(path).toMatch(/state\.json$/);
          expect(result).toEqual({ iteration: 7, ...content(1) });
        } else {
          expect(['checkpoint-damaged', 'file-format']).toContain(result.code);
          expect(result.message).toContain(path);
        }
      }
    }
  });

  it('say what is wrong with a pointer', async () => {
    const store = memoryStore();
    await expect(loadCheckpoint(store)).rejects.toMatchObject({ code: 'invalid-run' });
    await saveCheckpoint(store, 7, content(1));
    await expect(loadCheckpoint(store, 'best')).rejects.toThrow(/no best checkpoint/);
    await expect(loadCheckpoint(store, 8)).rejects.toThrow(/checkpoints\/8 is missing in memory; kept are: 7/);
    await store.write('last.json', '{"iteration":');
    await expect(loadCheckpoint(store)).rejects.toMatchObject({ code: 'checkpoint-damaged' });
    await store.write('last.json', '{"iteration": 9}');
    await expect(loadCheckpoint(store)).rejects.toThrow(/checkpoints\/9 is missing in memory, yet last\.json names it/);
  });

  it('refuse a newer format', async () => {
    const store = memoryStore();
    await saveCheckpoint(store, 7, content(1));
    await store.write('checkpoints/7/state.json', '{"format": 2}');
    await expect(loadCheckpoint(store)).rejects.toThrow(/format 2; this version reads up to 1/);
  });

  it('refuse names and facts that cannot be stored, before anything is in place', async () => {
    const store = memoryStore();
    await expect(saveCheckpoint(store, 7, { ...content(1), models: { '../x': {} } })).rejects.toThrow(/'\.\.\/x'/);
    await expect(saveCheckpoint(store, 7, { ...content(1), info: { loss: Number.NaN } })).rejects.toThrow(/info\.loss/);
    await expect(saveCheckpoint(store, 1.5, content(1))).rejects.toThrow(/1\.5/);
    await expect(loadCheckpoint(store)).rejects.toMatchObject({ code: 'invalid-run' });
  });
});
