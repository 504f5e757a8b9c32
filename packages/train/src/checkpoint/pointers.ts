import { CrlnError } from '@crln/core';
import { type RunStore, readJson } from '../store/runStore.js';
import type { BestScore, CheckpointPointer } from './types.js';

const POINTERS: readonly CheckpointPointer[] = ['last', 'best', 'best-on-test'];

/** `last.json` and its like: which checkpoint, and for the best ones the score that chose it. */
export interface PointerFile {
  iteration: number;
  score?: BestScore;
}

/** Replaces a pointer file in one step. */
export function writePointer(
  store: RunStore,
  pointer: CheckpointPointer,
  iteration: number,
  score?: BestScore,
): Promise<void> {
  return store.write(`${pointer}.json`, `${JSON.stringify({ iteration, ...(score ? { score } : {}) })}\n`);
}

/** What a pointer file says; undefined where there is none. @throws CrlnError `checkpoint-damaged` where it cannot be read */
export async function readPointer(store: RunStore, pointer: CheckpointPointer): Promise<PointerFile | undefined> {
  const path = `${pointer}.json`;
  if (!(await store.exists(path))) return undefined;
  const content = (await readJson(store, path).catch(() => undefined)) as PointerFile | undefined;
  if (!Number.isSafeInteger(content?.iteration)) {
    throw new CrlnError('checkpoint-damaged', `${path} in ${store.location} is damaged: it names no iteration`, {
      file: path,
      location: store.location,
    });
  }
  return content;
}

/** The iteration that a pointer names. @throws CrlnError `invalid-run` where there is no such checkpoint */
export async function pointedIteration(store: RunStore, pointer: CheckpointPointer): Promise<number> {
  const found = await readPointer(store, pointer);
  if (!found) {
    const why = pointer === 'last' ? 'nothing was saved yet' : 'no evaluation chose one';
    throw new CrlnError('invalid-run', `${store.location} has no ${pointer} checkpoint (${pointer}.json): ${why}`, {
      pointer,
      location: store.location,
    });
  }
  return found.iteration;
}

/** Iterations by pointer, of the pointers that are there. */
export async function readPointers(store: RunStore): Promise<Partial<Record<CheckpointPointer, number>>> {
  const out: Partial<Record<CheckpointPointer, number>> = {};
  for (const pointer of POINTERS) {
    const found = await readPointer(store, pointer);
    if (found) out[pointer] = found.iteration;
  }
  return out;
}
