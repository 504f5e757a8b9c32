import { memoryStore } from '../../src/store/memoryStore.js';
import type { RunStore } from '../../src/store/runStore.js';

export class Crash extends Error {}

/** A store whose process dies at its k-th change: that one and all later ones fail. `changes` counts them. */
export function failingStore(files: Map<string, Uint8Array>, after = Number.POSITIVE_INFINITY) {
  const inner = memoryStore(files);
  let changes = 0;
  const change = async (work: () => Promise<void>) => {
    if (changes >= after) throw new Crash();
    changes++;
    await work();
  };
  const store: RunStore = {
    ...inner,
    write: (path, content) => change(() => inner.write(path, content)),
    append: (path, line) => change(() => inner.append(path, line)),
    rename: (from, to) => change(() => inner.rename(from, to)),
    // A folder is removed file by file: a crash leaves some of them.
    remove: async (path) => {
      for (const file of [...files.keys()].filter((name) => name === path || name.startsWith(`${path}/`))) {
        await change(() => inner.remove(file));
      }
    },
  };
  return { store, changes: () => changes };
}
