import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderStore } from '../../src/store/folderStore.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { type RunStore, readText } from '../../src/store/runStore.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crln-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const stores: [string, () => Promise<RunStore>][] = [
  ['memoryStore', async () => memoryStore()],
  ['folderStore', () => folderStore(folder, { lock: false })],
];

describe.each(stores)('%s', (_, make) => {
  it('writes, replaces and reads files', async () => {
    const store = await make();
    await store.write('a/b/c.txt', 'one');
    await store.write('a/b/c.txt', Uint8Array.of(50));
    expect(await readText(store, 'a/b/c.txt')).toBe('2');
    expect(await store.exists('a/b/c.txt')).toBe(true);
    expect(await store.exists('a/b')).toBe(true);
    expect(await store.exists('a/x')).toBe(false);
    expect(await store.exists('a/b/c.txt/d')).toBe(false);
  });

  it('appends lines', async () => {
    const store = await make();
    await store.append('log.jsonl', '{"a":1}');
    await store.append('log.jsonl', '{"b":"ü"}');
    expect(await readText(store, 'log.jsonl')).toBe('{"a":1}\n{"b":"ü"}\n');
  });

  it('lists a folder, sorted, without what is further down', async () => {
    const store = await make();
    for (const path of ['x/b', 'x/a', 'x/sub/c', 'y']) await store.write(path, '');
    expect(await store.list('x')).toEqual(['a', 'b', 'sub']);
    expect(await store.list('')).toEqual(['x', 'y']);
    expect(await store.list('nowhere')).toEqual([]);
  });

  it('renames files and folders to free places only', async () => {
    const store = await make();
    await store.write('x/a', '1');
    await store.rename('x', 'y');
    expect(await readText(store, 'y/a')).toBe('1');
    expect(await store.exists('x')).toBe(false);
    await store.rename('y/a', 'z/b');
    await store.write('y/c', '');
    await expect(store.rename('z', 'y')).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(store.rename('nothing', 'w')).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('removes files, folders, and nothing', async () => {
    const store = await make();
    for (const path of ['x/a', 'x/sub/c', 'xy']) await store.write(path, '');
    await store.remove('x');
    await store.remove('x');
    expect(await store.list('')).toEqual(['xy']);
  });

  it('names a missing file, and keeps within its folder', async () => {
    const store = await make();
    await expect(store.read('no.json')).rejects.toMatchObject({ code: 'file-not-found', fields: { path: 'no.json' } });
    for (const path of ['../x', '/x', 'a//b', 'a\\b', '.', 'a/..']) {
      await expect(async () => store.read(path)).rejects.toMatchObject({ code: 'invalid-argument' });
    }
  });
});

describe('folderStore', () => {
  it('leaves no temporary file', async () => {
    const store = await folderStore(folder);
    await store.write('a.txt', 'x');
    expect((await readdir(folder)).sort()).toEqual(['.lock', 'a.txt']);
    await store.close();
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('keeps the old file where writing fails half-way', async () => {
    const store = await folderStore(folder);
    await store.write('a.txt', 'old');
    const broken = {
      get length(): number {
        throw new Error('no');
      },
    } as unknown as Uint8Array;
    await expect(store.write('a.txt', broken)).rejects.toThrow();
    expect(await readText(store, 'a.txt')).toBe('old');
    expect(await store.list('')).toEqual(['.lock', 'a.txt']);
    await store.close();
  });

  it('writes nothing where it was opened for reading, and needs a folder that is there', async () => {
    const store = await folderStore(folder, { readOnly: true });
    await expect(store.write('a', 'x')).rejects.toMatchObject({ code: 'file-access' });
    await expect(store.rename('a', 'b')).rejects.toMatchObject({ code: 'file-access' });
    await expect(store.remove('a')).rejects.toMatchObject({ code: 'file-access' });
    expect(await readdir(folder)).toEqual([]);
    await expect(folderStore(join(folder, 'no'), { readOnly: true })).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('says that a folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(folderStore(join(folder, 'file', 'run'))).rejects.toThrow(/file.run/);
    await expect(folderStore(join(folder, 'file'))).rejects.toMatchObject({ code: 'file-access' });
  });

  it.skipIf(process.getuid?.() === 0)('says that a folder cannot be written', async () => {
    await chmod(folder, 0o500);
    await expect(folderStore(folder)).rejects.toMatchObject({ code: 'file-access' });
    await chmod(folder, 0o700);
  });
});

describe('the lock of a run folder', () => {
  it('refuses a second writer, lets readers in, and can be given back', async () => {
    const store = await folderStore(folder);
    await expect(folderStore(folder)).rejects.toThrow(new RegExp(`in use by process ${process.pid}`));
    await folderStore(folder, { readOnly: true });
    await store.close();
    await (await folderStore(folder)).close();
  });

  it('lets one of many in', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => folderStore(folder)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['.lock']);
  });

  it('is taken over from a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((done) => child.on('exit', done));
    const lock = { pid: child.pid, host: hostname(), started: null, token: 'old' };
    for (let round = 0; round < 20; round++) {
      await writeFile(join(folder, '.lock'), JSON.stringify({ ...lock, token: `old ${round}` }));
      const tries = await Promise.allSettled(Array.from({ length: 6 }, () => folderStore(folder)));
      const taken = tries.filter((one) => one.status === 'fulfilled');
      expect(taken).toHaveLength(1);
      expect(JSON.parse(await readFile(join(folder, '.lock'), 'utf8')).pid).toBe(process.pid);
      await taken[0]!.value.close();
    }
    expect((await readdir(folder)).filter((name) => name.startsWith('.lock'))).toEqual([]);
  });

  it('is taken over from an earlier process that had the same id', async () => {
    const lock = { pid: process.pid, host: hostname(), started: '1', token: 'old' };
    await writeFile(join(folder, '.lock'), JSON.stringify(lock));
    if (process.platform === 'linux') await (await folderStore(folder)).close();
    else await expect(folderStore(folder)).rejects.toThrow(/in use/);
  });

  it('of another machine needs a person', async () => {
    await writeFile(join(folder, '.lock'), JSON.stringify({ pid: 1, host: 'elsewhere', started: null, token: 'x' }));
    await expect(folderStore(folder)).rejects.toThrow(/on elsewhere; if it is gone, remove/);
  });
});
