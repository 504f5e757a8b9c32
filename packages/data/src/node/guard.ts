import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CrlnError } from '@crln/core';
import { Heartbeat } from '../heartbeat.js';
import { type ErrorParts, errorOf } from './error-parts.js';
import type { GuardedRequest, GuardMessage } from './guard-worker.js';

/**
 * A parser gets on every few milliseconds, so much less often on a machine that is very busy: one that does not for so many seconds goes in
 * circles. Time as such says nothing.
 */
const SILENCE = 1;
/** Seconds between two looks. */
const LOOK = 0.2;
/** What nothing may take longer than, whatever it does: seconds, and one more for so many bytes that were read. */
const SECONDS = 60;
const BYTES_A_SECOND = 2 ** 20;

/** A reader's thread may hold that much; the voxels themselves lie outside of it. */
const LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 };

/** A thread that has nothing to do ends after so many milliseconds: the memory of a wasm library never shrinks. */
const IDLE = 1_000;

interface Reader {
  worker: Worker;
  heartbeat: Heartbeat;
  ready: Promise<void>;
  /** Ends it, once it was idle for long. */
  retire?: NodeJS.Timeout;
}

const idle: Reader[] = [];
/** Whoever waits for a reader to become free. */
const queue: (() => void)[] = [];
let busy = 0;

function start(): Reader {
  const heartbeat = new Heartbeat();
  const worker = new Worker(new URL('./guard-worker.js', import.meta.url), {
    name: 'crln-reader',
    workerData: heartbeat.memory,
    resourceLimits: LIMITS,
    // Flags of the process, such as --input-type, need not suit a worker.
    execArgv: [],
    // What a C library has to say of a broken file, it says as an error.
    stdout: true,
    stderr: true,
  });
  worker.unref();
  // Waiting for the beginning keeps the process alive, an idle reader does not.
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    const failed = (cause: unknown): void =>
      reject(new CrlnError('internal', `a reader's thread did not start: ${cause}`, {}, { cause }));
    worker.once('error', failed);
    worker.once('exit', failed);
  });
  ready.catch(() => {});
  const reader: Reader = { worker, heartbeat, ready };
  // One that dies while it has nothing to do would never answer the next.
  worker.once('exit', () => forget(reader));
  return reader;
}

function release(reader: Reader): void {
  reader.worker.unref();
  reader.retire = setTimeout(() => {
    forget(reader);
    void reader.worker.terminate();
  }, IDLE).unref();
  idle.push(reader);
}

function forget(reader: Reader): void {
  clearTimeout(reader.retire);
  const at = idle.indexOf(reader);
  if (at >= 0) idle.splice(at, 1);
}

function take(): Reader {
  const reader = idle.pop() ?? start();
  clearTimeout(reader.retire);
  return reader;
}

/**
 * Reads a file of a format whose parser cannot be interrupted (HDF5, DICOM) on a thread of its own, which is ended where it does not
 * get on, or takes more memory than a thread gets.
 *
 * @param path - the file or folder, for messages
 * @throws what the reader throws; CrlnError `file-format` where the reader was ended or died
 */
export async function guarded<T>(path: string, request: GuardedRequest): Promise<T> {
  if (busy < availableParallelism()) busy++;
  // Whoever ends passes its place on.
  else await new Promise<void>((resolve) => queue.push(resolve));
  try {
    return await readWith<T>(take(), path, request);
  } finally {
    const next = queue.shift();
    if (next) next();
    else busy--;
  }
}

async function readWith<T>(reader: Reader, path: string, request: GuardedRequest): Promise<T> {
  try {
    reader.worker.ref();
    await reader.ready;
    const value = await answer<T>(reader, path, request);
    release(reader);
    return value;
  } catch (error) {
    // One that answered with an error of ours is as good as before.
    if (error instanceof Refused && 'code' in error.parts) {
      release(reader);
      throw errorOf(error.parts);
    }
    void reader.worker.terminate();
    throw error instanceof Refused ? failed(path, errorOf(error.parts)) : error;
  }
}

const failed = (path: string, cause: unknown): CrlnError =>
  new CrlnError(
    'file-format',
    `${path}: its reader failed (${cause instanceof Error ? cause.message : cause}); it is damaged`,
    { path },
    { cause },
  );

/** The reader's own error, told from its death. */
class Refused {
  constructor(readonly parts: ErrorParts) {}
}

function answer<T>({ worker, heartbeat }: Reader, path: string, request: GuardedRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (reason: string, cause?: unknown): void =>
      settle(() => reject(new CrlnError('file-format', `${path}: ${reason}`, { path }, { cause })));
    let timer: NodeJS.Timeout | undefined;
    const onMessage = (message: GuardMessage): void => {
      if (message === 'ready') return;
      // Not before: loading a library takes as long as it takes.
      if (message === 'begun') timer = setInterval(look, 1000 * LOOK);
      else settle(() => ('value' in message ? resolve(message.value as T) : reject(new Refused(message.error))));
    };
    const onError = (cause: Error & { code?: string }): void =>
      ended(
        cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? `reading it takes more than ${LIMITS.maxOldGenerationSizeMb} MiB beside its voxels; it is damaged`
          : `its reader failed (${cause.message}); it is damaged`,
        cause,
      );
    const onExit = (code: number): void => ended(`its reader ended with code ${code}; it is damaged`);
    const begun = performance.now();
    let count = -1;
    let heard = begun;
    const look = (): void => {
      const now = performance.now();
      // The answer may wait behind this look, where this thread was busy itself.
      if (heartbeat.count !== count || heartbeat.resting) {
        count = heartbeat.count;
        heard = now;
      }
      const silence = SILENCE + heartbeat.longest / 1000;
      const limit = SECONDS + heartbeat.bytes / BYTES_A_SECOND;
      const silent = now - heard > 1000 * silence;
      if (!silent && now - begun < 1000 * limit) return;
      ended(
        silent
          ? `reading it got nowhere for ${Number(silence.toFixed(1))} s and was ended; it is damaged`
          : `reading it took more than ${limit.toFixed(0)} s and was ended; it is damaged`,
      );
      void worker.terminate();
    };
    const settle = (then: () => void): void => {
      clearInterval(timer);
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      then();
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(request);
  });
}
