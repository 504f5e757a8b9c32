import { CrlnError } from '@crln/core';
import { type RunStore, storePath } from './runStore.js';

/** A {@link RunStore} in memory, for tests and for pages. `files` holds what it starts with, and what it has. */
export function memoryStore(files: Map<string, Uint8Array> = new Map()): RunStore & { files: Map<string, Uint8Array> } {
  const location = 'memory';
  const within = (folder: string) => [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  const exists = (path: string) => files.has(path) || within(path).length > 0;
  return {
    location,
    files,
    async read(path) {
      const bytes = files.get(storePath(path));
      if (!bytes) throw new CrlnError('file-not-found', `${path} is not in the run in memory`, { path, location });
      return bytes.slice();
    },
    async write(path, content) {
      files.set(storePath(path), typeof content === 'string' ? new TextEncoder().encode(content) : content.slice());
    },
    async append(path, line) {
      const old = files.get(storePath(path)) ?? new Uint8Array();
      const added = new TextEncoder().encode(`${line}\n`);
      const joined = new Uint8Array(old.length + added.length);
      joined.set(old);
      joined.set(added, old.length);
      files.set(path, joined);
    },
    async list(folder) {
      const prefix = folder === '' ? '' : `${storePath(folder)}/`;
      const inside = [...files.keys()].filter((path) => path.startsWith(prefix));
      return [...new Set(inside.map((path) => path.slice(prefix.length).split('/')[0] as string))].sort();
    },
    async rename(from, to) {
      if (!exists(storePath(from)))
        throw new CrlnError('file-not-found', `${from} is not in the run in memory`, { path: from, location });
      if (exists(storePath(to)))
        throw new CrlnError('invalid-argument', `rename ${from}: ${to} exists already`, { from, to, location });
      for (const path of files.has(from) ? [from] : within(from)) {
        files.set(to + path.slice(from.length), files.get(path) as Uint8Array);
        files.delete(path);
      }
    },
    async remove(path) {
      for (const file of [storePath(path), ...within(path)]) files.delete(file);
    },
    async exists(path) {
      return exists(storePath(path));
    },
  };
}
