import { CrlnError, isCrlnError } from '@crln/core';
import { decodeSafetensors, encodeSafetensors } from '../safetensors.js';
import { type RunStore, readText } from '../store/runStore.js';
import { crc32 } from './crc32.js';
import { strictJson } from './json.js';
import { pointedIteration, readPointers, writePointer } from './pointers.js';
import type { BestScore, Checkpoint, CheckpointContent, CheckpointPointer, Json, NamedTensors } from './types.js';

/** The newest layout of a checkpoint folder that this version reads, and the one it writes. */
export const CHECKPOINT_FORMAT = 1;

const FOLDER = 'checkpoints';
const STATE = 'state.json';
const folderOf = (iteration: number) => `${FOLDER}/${iteration}`;
const newFolderOf = (iteration: number) => `${FOLDER}/${iteration}.new`;
const oldFolderOf = (iteration: number) => `${FOLDER}/${iteration}.old`;

interface StateFile {
  format: number;
  iteration: number;
  files: Record<string, { bytes: number; crc32: string }>;
  info: Record<string, Json>;
  /** CRC-32 of the JSON of all that stands before it. */
  check: string;
}

export interface SaveCheckpointOptions {
  /** Also makes this checkpoint the best one (`best.json`). */
  best?: BestScore;
  /** Also makes this checkpoint the best on the test set (`best-on-test.json`). */
  bestOnTest?: BestScore;
  /** How many checkpoints to keep, the newest first, besides those that a pointer names. 1 by default. */
  keep?: number;
}

/**
 * Saves a checkpoint, so that a crash at any moment leaves the former or the new one, whole: files go into
 * `checkpoints/<iteration>.new/`, which is renamed when all are on disk; then `last.json` (and `best.json`) are replaced; then
 * older checkpoints are removed.
 *
 * `model-<name>.safetensors`, `optimizer-<name>.safetensors`, `state.safetensors` and `state.json` (`format`, `iteration`, size
 * and CRC-32 of each file, `info`).
 *
 * @param iteration how many iterations are finished
 * @throws CrlnError `invalid-argument` for a name or an `info` that cannot be stored; the store's own errors
 */
export async function saveCheckpoint(
  store: RunStore,
  iteration: number,
  content: CheckpointContent,
  options: SaveCheckpointOptions = {},
): Promise<void> {
  if (!Number.isSafeInteger(iteration) || iteration < 0) {
    throw new CrlnError('invalid-argument', `saveCheckpoint: iteration must be a whole number >= 0, got ${iteration}`);
  }
  const folder = folderOf(iteration);
  const fresh = newFolderOf(iteration);
  await restoreOld(store, iteration);
  await store.remove(fresh);
  const files: StateFile['files'] = {};
  for (const [file, tensors] of tensorFiles(content)) {
    const bytes = encodeSafetensors(tensors);
    files[file] = { bytes: bytes.length, crc32: crc32(bytes) };
    await store.write(`${fresh}/${file}`, bytes);
  }
  const facts = { format: CHECKPOINT_FORMAT, iteration, files, info: content.info };
  const check = crc32(new TextEncoder().encode(strictJson(facts, STATE)));
  await store.write(`${fresh}/${STATE}`, `${JSON.stringify({ ...facts, check }, null, 2)}\n`);
  // Where this iteration was saved before, the former folder steps aside and stays readable until the new one is in place.
  if (await store.exists(folder)) await store.rename(folder, oldFolderOf(iteration));
  await store.rename(fresh, folder);
  if (options.best) await writePointer(store, 'best', iteration, options.best);
  if (options.bestOnTest) await writePointer(store, 'best-on-test', iteration, options.bestOnTest);
  await writePointer(store, 'last', iteration);
  await prune(store, iteration, options.keep ?? 1);
}

/**
 * Reads a checkpoint back and checks every byte of it.
 *
 * @param which `last`, `best`, `best-on-test`, or the iteration of one that is kept
 * @throws CrlnError `invalid-run` where there is none, `checkpoint-damaged` naming the file, `file-format` for a newer format
 */
export async function loadCheckpoint(store: RunStore, which: CheckpointPointer | number = 'last'): Promise<Checkpoint> {
  const iteration = typeof which === 'number' ? which : await pointedIteration(store, which);
  const folder = await whole(store, iteration);
  if (!folder) {
    const kept = await listCheckpoints(store);
    throw new CrlnError(
      typeof which === 'number' ? 'invalid-run' : 'checkpoint-damaged',
      `${folderOf(iteration)} is missing in ${store.location}${typeof which === 'number' ? '' : `, yet ${which}.json names it`}; kept are: ${kept.join(', ') || 'none'}`,
      { which, iteration, kept, location: store.location },
    );
  }
  const state = await readState(store, folder, iteration);
  const checkpoint: Checkpoint = { iteration, models: {}, optimizers: {}, state: {}, info: state.info };
  for (const [file, expected] of Object.entries(state.files)) {
    const tensors = await readTensors(store, `${folder}/${file}`, expected);
    const [, kind, name] = /^(model|optimizer)-(.+)\.safetensors$/.exec(file) ?? [];
    if (kind === 'model') checkpoint.models[name as string] = tensors;
    else if (kind === 'optimizer') checkpoint.optimizers[name as string] = tensors;
    else checkpoint.state = tensors;
  }
  return checkpoint;
}

/** Iterations of the checkpoints that are there, whole or not looked into, ascending. */
export async function listCheckpoints(store: RunStore): Promise<number[]> {
  const names = await store.list(FOLDER);
  const iterations = names.map((name) => /^(\d+)(\.old)?$/.exec(name)?.[1]).filter((name) => name !== undefined);
  return [...new Set(iterations.map(Number))].sort((a, b) => a - b);
}

/** A checkpoint's files of tensors, in a fixed order. @throws CrlnError `invalid-argument` for a name that is no file name */
function tensorFiles(content: CheckpointContent): [string, NamedTensors][] {
  const named = (kind: string, group: Record<string, NamedTensors>): [string, NamedTensors][] =>
    Object.entries(group).map(([name, tensors]) => {
      if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
        throw new CrlnError('invalid-argument', `saveCheckpoint: ${kind} name '${name}': use letters, digits, _ . -`, {
          name,
        });
      }
      return [`${kind}-${name}.safetensors`, tensors];
    });
  return [
    ...named('model', content.models),
    ...named('optimizer', content.optimizers),
    ['state.safetensors', content.state],
  ];
}

/** The folder of a checkpoint: its own, or the one that stepped aside for a replacement that never came. */
async function whole(store: RunStore, iteration: number): Promise<string | undefined> {
  for (const folder of [folderOf(iteration), oldFolderOf(iteration)]) if (await store.exists(folder)) return folder;
  return undefined;
}

/** Finishes what a crash between the two renames of {@link saveCheckpoint} left. */
async function restoreOld(store: RunStore, iteration: number): Promise<void> {
  const old = oldFolderOf(iteration);
  if (!(await store.exists(old))) return;
  if (await store.exists(folderOf(iteration))) await store.remove(old);
  else await store.rename(old, folderOf(iteration));
}

/** Removes what no pointer names and what is not among the `keep` newest, and leftovers of crashes. */
async function prune(store: RunStore, iteration: number, keep: number): Promise<void> {
  const pointed = Object.values(await readPointers(store));
  const names = await store.list(FOLDER);
  const complete = names.filter((name) => /^\d+$/.test(name)).map(Number);
  // A later one that no pointer names is the leftover of a run that was cut back to an earlier checkpoint.
  const past = complete.filter((saved) => saved <= iteration).sort((a, b) => b - a);
  const newest = past.slice(0, Math.max(keep, 1));
  const kept = new Set([...pointed, ...newest].map(String));
  for (const name of names) {
    const aside = /^(\d+)\.old$/.exec(name)?.[1];
    const needed = aside !== undefined && kept.has(aside) && !complete.includes(Number(aside));
    if (!kept.has(name) && !needed) await store.remove(`${FOLDER}/${name}`);
  }
}

const damaged = (path: string, store: RunStore, reason: string, cause?: unknown): CrlnError =>
  new CrlnError(
    'checkpoint-damaged',
    `${path} in ${store.location} is damaged: ${reason}. Use another checkpoint, or train again`,
    { file: path, location: store.location },
    { cause },
  );

async function readTensors(
  store: RunStore,
  path: string,
  expected: { bytes: number; crc32: string },
): Promise<NamedTensors> {
  const bytes = await store.read(path).catch((cause: unknown) => {
    throw isCrlnError(cause, 'file-not-found') ? damaged(path, store, 'the file is missing', cause) : cause;
  });
  if (bytes.length !== expected.bytes) {
    throw damaged(path, store, `${bytes.length} bytes, expected ${expected.bytes}`);
  }
  if (crc32(bytes) !== expected.crc32) throw damaged(path, store, 'its checksum differs');
  try {
    return decodeSafetensors(bytes, path).tensors;
  } catch (cause) {
    throw damaged(path, store, (cause as Error).message, cause);
  }
}

async function readState(store: RunStore, folder: string, iteration: number): Promise<StateFile> {
  const path = `${folder}/${STATE}`;
  let state: StateFile;
  try {
    state = JSON.parse(await readText(store, path)) as StateFile;
  } catch (cause) {
    if (isCrlnError(cause) && cause.code !== 'file-not-found') throw cause;
    throw damaged(path, store, (cause as Error).message, cause);
  }
  if (Number.isInteger(state?.format) && state.format > CHECKPOINT_FORMAT) {
    throw new CrlnError(
      'file-format',
      `${path} in ${store.location} has format ${state.format}; this version reads up to ${CHECKPOINT_FORMAT}. Update @crln/train`,
      { file: path, format: state.format },
    );
  }
  const { check, ...facts } = state ?? {};
  if (check !== crc32(new TextEncoder().encode(JSON.stringify(facts)))) {
    throw damaged(path, store, 'its checksum differs');
  }
  if (state.iteration !== iteration) {
    throw damaged(path, store, `it belongs to iteration ${state.iteration}, the folder to ${iteration}`);
  }
  return state;
}
