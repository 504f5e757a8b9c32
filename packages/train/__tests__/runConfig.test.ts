import { describe, expect, it } from 'vitest';
import { checkResume, openRun, type RunConfig, readRunConfig, writeRunConfig } from '../src/runConfig.js';
import { memoryStore } from '../src/store/memoryStore.js';

const config: Omit<RunConfig, 'format'> = {
  settings: { method: { name: 'crln', xi: 0.6 }, patch: [32, 32, 16], iterations: 1500 },
  seed: 3,
  recipe: { orientation: 'RAS', spacing: [1, 1, 1] },
  splits: { train: ['a', 'b'], labelled: ['a'] },
  backend: { name: 'wasm', kernelBuild: 'simd' },
  packages: { '@crln/train': '0.1.0' },
};
const changed = (settings: RunConfig['settings']) => ({ ...config, settings: { ...config.settings, ...settings } });

describe('the run configuration', () => {
  it('comes back as it was written', async () => {
    const store = memoryStore();
    await writeRunConfig(store, config);
    expect(await readRunConfig(store)).toEqual({ format: 1, ...config });
  });

  it('is refused where it is missing, damaged, incomplete or newer', async () => {
    const store = memoryStore();
    await expect(readRunConfig(store)).rejects.toMatchObject({ code: 'invalid-run' });
    await store.write('config.json', '{"format"');
    await expect(readRunConfig(store)).rejects.toThrow(/config\.json in memory is not JSON/);
    await store.write('config.json', '{"format":1,"settings":{}}');
    await expect(readRunConfig(store)).rejects.toThrow(/lacks seed, recipe, splits, backend, packages/);
    await store.write('config.json', '{"format":2}');
    await expect(readRunConfig(store)).rejects.toMatchObject({ code: 'file-format' });
  });

  it('lists every setting that differs on resume, by its path', () => {
    const stored = { format: 1, ...config };
    expect(checkResume(stored, structuredClone(config))).toEqual([]);
    const other = { ...changed({ method: { name: 'crln', xi: 0.9 }, patch: [32, 32, 32], lr: 0.1 }), seed: 4 };
    expect(() => checkResume(stored, other)).toThrow(
      expect.objectContaining({
        code: 'settings-differ',
        message: expect.stringContaining('settings.method.xi (run: 0.6, now: 0.9)'),
        fields: expect.objectContaining({
          keys: ['settings.method.xi', 'settings.patch', 'settings.lr', 'seed'],
        }),
      }),
    );
  });

  it('lets named settings change, and tells of another kernel build without refusing it', () => {
    const stored = { format: 1, ...config };
    const other = { ...changed({ iterations: 3000 }), backend: { name: 'wasm', kernelBuild: 'relaxed-simd' } };
    expect(checkResume(stored, other, ['settings.iterations'])).toEqual([
      { key: 'backend.kernelBuild', stored: 'simd', wanted: 'relaxed-simd' },
    ]);
  });
});

describe('openRun', () => {
  it('starts a run in an empty store, also when asked to resume', async () => {
    expect(await openRun(memoryStore(), config)).toEqual({ resumed: false, environment: [] });
    expect(await openRun(memoryStore(), config, { resume: true })).toEqual({ resumed: false, environment: [] });
  });

  it('needs a word to touch a run that is there', async () => {
    const store = memoryStore();
    await openRun(store, config);
    await store.write('metrics.jsonl', 'x');
    await expect(openRun(store, config)).rejects.toMatchObject({ code: 'run-exists' });
    expect((await openRun(store, config, { resume: true })).resumed).toBe(true);
    await expect(openRun(store, { ...config, seed: 9 }, { resume: true })).rejects.toMatchObject({
      code: 'settings-differ',
    });
    expect([...store.files.keys()]).toEqual(['config.json', 'metrics.jsonl']);
  });

  it('overwrites the files of a run, and no others', async () => {
    const store = memoryStore();
    await openRun(store, config);
    for (const path of ['metrics.jsonl', 'checkpoints/1/state.json', 'last.json', 'notes.txt'])
      await store.write(path, 'x');
    await openRun(store, config, { overwrite: true });
    expect([...store.files.keys()].sort()).toEqual(['config.json', 'notes.txt']);
  });

  it('never overwrites a folder that is no run', async () => {
    const store = memoryStore(new Map([['holiday.jpg', new Uint8Array(1)]]));
    await expect(openRun(store, config, { overwrite: true })).rejects.toThrow(
      /not a run, and not empty \(holiday\.jpg\)/,
    );
    expect(store.files.size).toBe(1);
  });

  it('refuses to go on from checkpoints without a configuration', async () => {
    const store = memoryStore(new Map([['last.json', new Uint8Array(1)]]));
    await expect(openRun(store, config, { resume: true })).rejects.toMatchObject({ code: 'invalid-run' });
  });
});
