import { CrlnError } from '@crln/core';
import { workerSource } from './generated/worker.js';
import {
  CLOSED,
  CONTROL_BYTES,
  COUNT,
  Crew,
  FAILED,
  FINISHED,
  FIRST,
  HELPED,
  JOB_MASK,
  KERNEL,
  MAX_ARGUMENTS,
  PUBLISHED,
  TICKET,
  UNIT_BITS,
  UNITS,
  type WorkerStart,
} from './worker/protocol.js';

/** Turns that the main thread looks for the others' last unit before it sleeps. */
const PATIENCE = 20_000;

export interface PoolStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  kernels: Record<string, (...values: number[]) => void>;
  /** A place of {@link CONTROL_BYTES} in the memory that nothing else uses. */
  control: number;
  threads: number;
  /** Starts a worker; a test has its own. */
  spawn?: (start: WorkerStart) => Promise<void> | undefined;
}

/**
 * Worker threads that share the memory, and so the work of one kernel call: its units are taken one by one by whoever is free, the
 * caller among them. In Node workers start with the first call that has more than one unit; until they run, the caller does all the
 * units. A browser starts them only once its caller waits, so there {@link Pool.start} has to be awaited first.
 */
export class Pool {
  static readonly controlBytes = CONTROL_BYTES;
  readonly threads: number;
  readonly #crew: Crew;
  readonly #start: PoolStart;
  readonly #names: string[];
  readonly #maySleep: boolean;
  #started = false;
  #job = 0;

  constructor(start: PoolStart) {
    this.threads = start.threads;
    this.#start = start;
    this.#names = Object.keys(start.kernels);
    new Uint8Array(start.memory.buffer, start.control, CONTROL_BYTES).fill(0);
    this.#crew = new Crew(start.memory, start.control, Object.values(start.kernels), 0);
    // Browsers do not let a page's main thread sleep.
    this.#maySleep = typeof (globalThis as { document?: unknown }).document === 'undefined';
  }

  /** How many units the workers have done. */
  get helped(): number {
    return Atomics.load(this.#crew.words, HELPED);
  }

  /** Runs units 0 … units − 1 of a kernel, on all threads where there is more than one unit. */
  run(name: string, units: number, values: readonly number[]): void {
    if (units <= 0) return;
    if (this.threads === 1 || units === 1) {
      this.#start.kernels[name]!(...values, 0, units, 0);
      return;
    }
    if (!this.#started) void this.start();
    for (let first = 0; first < units; first += CLOSED - 1) {
      const count = Math.min(units - first, CLOSED - 1);
      this.#publish(name, first, count, values);
      this.#crew.work();
      this.#wait(count);
      if (Atomics.load(this.#crew.words, FAILED) !== 0) {
        throw new CrlnError('internal', `${name}: the kernel failed`, { kernel: name });
      }
    }
  }

  #publish(name: string, first: number, units: number, values: readonly number[]): void {
    const { words, arguments: slots } = this.#crew;
    if (values.length > MAX_ARGUMENTS) throw new CrlnError('internal', `${name}: too many arguments`, { name });
    this.#job = (this.#job + 1) & JOB_MASK;
    const job = this.#job << UNIT_BITS;
    Atomics.store(words, TICKET, job | CLOSED);
    Atomics.store(words, UNITS, units);
    words[FINISHED] = 0;
    words[FAILED] = 0;
    words[FIRST] = first;
    words[KERNEL] = this.#names.indexOf(name);
    words[COUNT] = values.length;
    slots.set(values);
    Atomics.store(words, TICKET, job);
    Atomics.add(words, PUBLISHED, 1);
    Atomics.notify(words, PUBLISHED);
  }

  #wait(units: number): void {
    const { words } = this.#crew;
    for (let turn = 0; ; turn++) {
      const finished = Atomics.load(words, FINISHED);
      if (finished === units) return;
      if (turn > PATIENCE && this.#maySleep) Atomics.wait(words, FINISHED, finished, 1);
    }
  }

  /** Starts the workers. Resolves once they run where that takes the caller to wait. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const { module, memory, control, spawn = startWorker } = this.#start;
    const workers = [];
    for (let thread = 1; thread < this.threads; thread++) {
      workers.push(spawn({ module, memory, control, names: this.#names, thread }));
    }
    await Promise.all(workers);
  }
}

interface NodeWorkers {
  Worker: new (source: string, options: { eval: true; workerData: WorkerStart; stdout: boolean }) => { unref(): void };
}

/** Node's own workers, nothing in a browser. Not an import, so that bundlers see nothing of Node. */
export function nodeWorkers(): NodeWorkers | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => NodeWorkers | undefined } };
  return process?.getBuiltinModule?.('node:worker_threads');
}

function startWorker(start: WorkerStart): Promise<void> | undefined {
  const node = nodeWorkers();
  if (node) {
    new node.Worker(workerSource, { eval: true, workerData: start, stdout: false }).unref();
    return undefined;
  }
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: `crln-wasm ${start.thread}` });
  return new Promise((run) => {
    // A worker that a page's rules forbid never comes: the caller then does all the work.
    for (const event of ['message', 'error']) worker.addEventListener(event, () => run(), { once: true });
    worker.postMessage(start);
  });
}
