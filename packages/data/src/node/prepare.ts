import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import { CrlnError, isCrlnError } from '@crln/core';
import { protocolOf } from '../protocols/index.js';
import { casesOf, type Protocol, type RawCase } from '../protocols/protocol.js';
import type { Splits } from '../types.js';
import { writeAtomic } from './atomic.js';
import { fileError } from './file-error.js';
import { fileSize } from './file-stream.js';
import { lockFolder } from './folder-lock.js';
import { WorkerPool } from './pool.js';
import { type CaseRequest, sourceBytes } from './prepare/case.js';
import { type CaseFact, checksum, few, json, type Manifest, readManifest, writeManifest } from './prepare/manifest.js';
import { walk } from './walk.js';

export interface PrepareOptions {
  /** A name of `PROTOCOLS`. */
  protocol: string;
  /** The raw data. */
  from: string;
  /** A new or empty folder, or one that this preparation was stopped in. */
  out: string;
  /** Of what the protocol draws. Default 0. */
  seed?: number;
  /** Threads. Default: one a core. */
  workers?: number;
  /** Prepare what is there where cases of the splits are missing. Default false. */
  partial?: boolean;
  /** Pancreas: axes along which label files run the other way than their scans, or `none`. Default: found out. */
  labelFlip?: string;
  signal?: AbortSignal;
  /** Told of every case that is done, and waited for; `fact` where it was made now, `error` where it failed. */
  onCase?(progress: {
    id: string;
    done: number;
    total: number;
    fact?: CaseFact;
    error?: unknown;
  }): void | Promise<void>;
}

export interface PrepareReport {
  readonly manifest: Manifest;
  /** Cases made now. */
  readonly made: readonly string[];
  /** Cases that were there. */
  readonly kept: readonly string[];
  /** Cases of the splits that the raw data has not. */
  readonly missing: readonly string[];
  /** Cases of the raw data that no split names; they are left alone. */
  readonly others: readonly string[];
}

/** Paths of all files below a folder, relative to it, with `/`, sorted. Data is often linked into place, whole folders of it. */
async function filesOf(dir: string): Promise<string[]> {
  const files: string[] = [];
  for await (const path of walk(dir, { folderLinks: true })) files.push(relative(dir, path).split(sep).join('/'));
  return files.sort();
}

/** The cases to make, in the order of the splits. */
function plan(protocol: Protocol, found: Map<string, RawCase>, { from, partial = false }: PrepareOptions) {
  const wanted = casesOf(protocol);
  const missing = wanted.filter((id) => !found.has(id));
  if (missing.length === wanted.length) {
    throw new CrlnError(
      'invalid-data',
      `${from}: it has none of the ${wanted.length} cases of ${protocol.name}; expected ${protocol.raw}`,
      { from, protocol: protocol.name },
    );
  }
  if (missing.length > 0 && !partial) {
    throw new CrlnError(
      'invalid-data',
      `${from}: ${missing.length} of the ${wanted.length} cases of ${protocol.name} are not there: ${few(missing)}; expected ${protocol.raw}. To prepare the others, say --partial`,
      { from, missing },
    );
  }
  return {
    ids: wanted.filter((id) => found.has(id)),
    missing,
    others: [...found.keys()].filter((id) => !wanted.includes(id)),
  };
}

/** The protocol's splits without the cases that are missing. */
function splitsOf({ splits }: Protocol, missing: readonly string[]): Splits {
  const { train, val, test } = splits;
  const there = (ids: readonly string[]): string[] => ids.filter((id) => !missing.includes(id));
  return { train: there(train), ...(val && { val: there(val) }), test: there(test) };
}

async function openOutput({ out, protocol, seed = 0 }: PrepareOptions): Promise<Manifest> {
  const found = await readManifest(out);
  if (!found) {
    const there = (await readdir(out)).filter((name) => !name.startsWith('.'));
    if (there.length > 0) {
      throw new CrlnError(
        'file-access',
        `${out} is not empty (${few(there)}) and no prepared folder; choose another one`,
        { path: out },
      );
    }
    const manifest: Manifest = { format: 1, protocol, seed, cases: {} };
    // Before any case: killed in the first one, it is to be known again.
    await writeManifest(out, manifest);
    return manifest;
  }
  if (found.protocol !== protocol || found.seed !== seed) {
    throw new CrlnError(
      'settings-differ',
      `${out} was prepared as ${found.protocol} with seed ${found.seed}, not as ${protocol} with seed ${seed}; choose another folder`,
      { path: out, found: { protocol: found.protocol, seed: found.seed }, asked: { protocol, seed } },
    );
  }
  return found;
}

/** Whether a case is there as the manifest says, from the same sources of the sizes they had, turned as it is asked for. */
async function isDone(
  fact: CaseFact | undefined,
  raw: RawCase,
  { from, out, labelFlip }: PrepareOptions,
): Promise<boolean> {
  if (!fact || (labelFlip !== undefined && fact.labelFlip !== labelFlip)) return false;
  const paths = fact.source.map(({ path }) => path);
  if (paths[0] !== raw.image || paths.at(-1) !== raw.label) return false;
  try {
    const path = join(out, fact.file);
    if ((await fileSize(path)) !== fact.bytes || checksum(await readFile(path)) !== fact.sha256) return false;
    for (const { path, bytes } of fact.source) if ((await sourceBytes(from, path)) !== bytes) return false;
    return true;
  } catch {
    return false;
  }
}

/** Whether no other case will fare better: nothing can be written, a package is missing. */
const isFatal = (error: unknown): boolean =>
  isCrlnError(error, 'missing-dependency') || (isCrlnError(error, 'file-access') && error.fields.doing === 'write');

/** Temporary files that a killed preparation has left. */
async function sweep(out: string): Promise<void> {
  for (const folder of [out, join(out, 'cases')]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) if (/^\..*\.tmp$/.test(name)) await rm(join(folder, name), { force: true });
  }
}

/**
 * Makes a data set folder of a benchmark's raw data, as its protocol says: `cases/<id>.h5` (image, label, spacing, affine), `splits.json`,
 * `recipe.json`, and `manifest.json` with sources, checksums and statistics. Stopped or failed, it goes on where it was: what is done and
 * whole is not done again.
 *
 * @throws `CrlnError` `invalid-data` where cases are missing, or some could not be prepared (the others are); `settings-differ`,
 * `file-access` for an output folder that is something else, or that another process prepares; `aborted`
 */
export async function prepareDataset(options: PrepareOptions): Promise<PrepareReport> {
  const { from, out, seed = 0, workers = availableParallelism(), labelFlip, signal, onCase } = options;
  const protocol = protocolOf(options.protocol);
  if (!Number.isInteger(workers) || workers < 1) {
    throw new CrlnError('invalid-option', `workers: expected a whole number >= 1, got ${workers}`, { workers });
  }
  const raw = protocol.find(await filesOf(from));
  const { ids, missing, others } = plan(protocol, raw, options);
  try {
    await mkdir(out, { recursive: true });
  } catch (error) {
    throw fileError(error, out, 'write');
  }
  const lock = await lockFolder(out);
  try {
    const manifest = await openOutput(options);
    await sweep(out);
    const made: string[] = [];
    const kept: string[] = [];
    const failed: [string, unknown][] = [];
    let fatal: unknown;
    const tell = async (id: string, rest: { fact?: CaseFact; error?: unknown } = {}): Promise<void> =>
      onCase?.({ id, done: made.length + kept.length + failed.length, total: ids.length, ...rest });
    const pool = new WorkerPool(new URL('./prepare-worker.js', import.meta.url), {
      size: Math.min(workers, ids.length),
      name: 'crln-prepare',
      execArgv: [],
    });
    const next = ids[Symbol.iterator]();
    let writing = Promise.resolve();
    const worker = async (): Promise<void> => {
      for (let item = next.next(); !item.done && !signal?.aborted && !fatal; item = next.next()) {
        const id = item.value;
        if (await isDone(manifest.cases[id], raw.get(id)!, options)) {
          kept.push(id);
          await tell(id);
          continue;
        }
        const request: CaseRequest = {
          ...{ protocol: protocol.name, id, raw: raw.get(id)!, from, out, seed },
          ...(labelFlip !== undefined && { labelFlip }),
        };
        try {
          const fact = (await pool.run(request)) as CaseFact;
          manifest.cases[id] = fact;
          // One after another: the newest must not be replaced by an older one.
          writing = writing.then(() => writeManifest(out, manifest));
          await writing;
          made.push(id);
          await tell(id, { fact });
        } catch (error) {
          failed.push([id, error]);
          await tell(id, { error });
          if (isFatal(error)) fatal ??= error;
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(workers, ids.length) }, worker));
    } finally {
      await pool.close();
    }
    if (fatal) throw fatal;
    if (signal?.aborted) throw new CrlnError('aborted', 'stopped; the same command goes on from here');
    if (failed.length > 0) {
      const [first] = failed.map(([, error]) => (error instanceof Error ? error.message : String(error)));
      throw new CrlnError(
        'invalid-data',
        failed.length === 1
          ? first!
          : `${failed.length} of ${ids.length} cases could not be prepared (${few(failed.map(([id]) => id))}); the first: ${first}`,
        { failed: failed.map(([id]) => id) },
        { cause: failed[0]![1] },
      );
    }
    await writeAtomic(join(out, 'splits.json'), json(splitsOf(protocol, missing)));
    await writeAtomic(join(out, 'recipe.json'), json(protocol.recipe));
    return { manifest, made, kept, missing, others };
  } finally {
    await lock.release();
  }
}
