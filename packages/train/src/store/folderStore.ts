import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CrlnError } from '@crln/core';
import { type FolderLock, lockFolder } from '@crln/data/node';
import { type RunStore, storePath } from './runStore.js';

/** A {@link RunStore} in a folder of the file system. */
export interface FolderStore extends RunStore {
  /** Gives the lock back, where there is one. The store is of no use after it. */
  close(): Promise<void>;
}

const TEMPORARY = '.writing';

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
const missing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

/**
 * Opens a folder as a {@link RunStore}. `write` goes to a temporary name beside the file, is synced to disk, then renamed, then
 * the folder is synced: a reader sees the old or the new file, whole, whatever happens.
 *
 * @param folder made where it is missing, unless `readOnly`
 * @param options `lock`: refuse if another process holds the folder; true by default, ignored with `readOnly`
 * @throws CrlnError `file-access` where the folder cannot be written or is in use; `file-not-found` with `readOnly`
 */
export async function folderStore(
  folder: string,
  options: { lock?: boolean; readOnly?: boolean } = {},
): Promise<FolderStore> {
  const location = resolve(folder);
  const at = (path: string) => (path === '' ? location : join(location, storePath(path)));
  let lock: FolderLock | undefined;
  if (options.readOnly) {
    const found = await stat(location).catch(() => undefined);
    if (!found?.isDirectory()) throw new CrlnError('file-not-found', `${folder} is not a folder`, { path: folder });
  } else {
    await run(folder, () => mkdir(location, { recursive: true }));
    if (options.lock !== false) lock = await lockFolder(location);
  }
  const writable = (path: string): string => {
    if (options.readOnly) throw new CrlnError('file-access', `${location} was opened for reading only`, { path });
    return at(path);
  };

  return {
    location,
    read: (path) => run(path, async () => new Uint8Array(await readFile(at(path)))),
    write: (path, content) =>
      run(path, async () => {
        const target = writable(path);
        await makeFolders(dirname(target));
        const temporary = `${target}${TEMPORARY}`;
        try {
          await withFile(temporary, 'w', (file) => file.writeFile(content));
          await rename(temporary, target);
        } catch (error) {
          await rm(temporary, { force: true }).catch(() => {});
          throw error;
        }
        await syncFolder(dirname(target));
      }),
    append: (path, line) =>
      run(path, async () => {
        await makeFolders(dirname(writable(path)));
        await withFile(at(path), 'a', (file) => file.writeFile(`${line}\n`));
      }),
    list: (path) =>
      run(path, async () => {
        const names = await readdir(at(path)).catch((error: unknown) => {
          if (missing(error)) return [];
          throw error;
        });
        return names.filter((name) => !name.endsWith(TEMPORARY)).sort();
      }),
    rename: (from, to) =>
      run(from, async () => {
        if (await stat(at(to)).catch(() => undefined)) {
          throw new CrlnError('invalid-argument', `rename ${from}: ${to} exists already`, { from, to, location });
        }
        await makeFolders(dirname(writable(to)));
        await rename(writable(from), at(to));
        await syncFolder(dirname(at(from)));
        if (dirname(at(to)) !== dirname(at(from))) await syncFolder(dirname(at(to)));
      }),
    remove: (path) =>
      run(path, async () => {
        await rm(writable(path), { recursive: true, force: true });
      }),
    exists: (path) =>
      run(path, async () => {
        const found = await stat(at(path)).catch((error: unknown) => {
          if (missing(error)) return undefined;
          throw error;
        });
        return found !== undefined;
      }),
    async close() {
      await lock?.release();
    },
  };

  /** Runs one file operation; what the system says becomes a CrlnError that names the file. */
  async function run<T>(path: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      const code = codeOf(error);
      if (error instanceof CrlnError || code === undefined) throw error;
      if (missing(error)) {
        throw new CrlnError('file-not-found', `${path} is not in ${location}`, { path, location }, { cause: error });
      }
      throw new CrlnError(
        'file-access',
        `${path} in ${location}: ${(error as Error).message}`,
        { path, location, code },
        { cause: error },
      );
    }
  }
}

/** Opens, works, syncs, closes. */
async function withFile(path: string, flags: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags);
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the folders that are missing and syncs the parents of the new ones, so that they outlive a power cut. */
async function makeFolders(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

/** Puts renames within a folder on disk. Windows cannot open a folder, and needs no such thing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    await handle.sync().catch(() => {});
  } finally {
    await handle.close();
  }
}
