import { Worker, type WorkerOptions } from 'node:worker_threads';
import { CrlnError } from '@crln/core';
import { type ErrorParts, errorOf } from './error-parts.js';

interface Job {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

type Answer = { job: number } & ({ value: unknown } | { error: ErrorParts });

/**
 * Worker threads that answer requests; any of them may get any. They start when there is work for them, keep the process alive only while
 * they have some, and one that died is replaced.
 */
export class WorkerPool {
  readonly #size: number;
  readonly #script: URL;
  readonly #options: WorkerOptions;
  readonly #workers = new Map<Worker, Map<number, Job>>();
  #jobs = 0;
  #closed = false;

  constructor(script: URL, options: WorkerOptions & { size: number }) {
    const { size, ...rest } = options;
    this.#size = size;
    this.#script = script;
    this.#options = rest;
  }

  /** Hands a request to the worker that has the fewest. @throws what the worker threw; CrlnError `internal` where it died, `aborted` */
  run(request: unknown): Promise<unknown> {
    if (this.#closed) return Promise.reject(closed());
    const [worker, jobs] = this.#leastBusy();
    const job = this.#jobs++;
    return new Promise((resolve, reject) => {
      jobs.set(job, { resolve, reject });
      worker.ref();
      worker.postMessage({ job, request });
    });
  }

  /** Ends all workers; what they have not answered fails. */
  async close(): Promise<void> {
    this.#closed = true;
    const workers = [...this.#workers.keys()];
    for (const worker of workers) this.#lose(worker, closed());
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #leastBusy(): [Worker, Map<number, Job>] {
    const [first] = [...this.#workers].sort(([, a], [, b]) => a.size - b.size);
    return first && (first[1].size === 0 || this.#workers.size === this.#size) ? first : this.#start();
  }

  #start(): [Worker, Map<number, Job>] {
    const worker = new Worker(this.#script, this.#options);
    const jobs = new Map<number, Job>();
    this.#workers.set(worker, jobs);
    worker.on('message', (answer: Answer) => {
      const job = jobs.get(answer.job);
      jobs.delete(answer.job);
      if (jobs.size === 0) worker.unref();
      if ('value' in answer) job?.resolve(answer.value);
      else job?.reject(errorOf(answer.error));
    });
    const died = (cause?: unknown) => {
      const reason = cause instanceof Error ? cause.message : `exit code ${cause}`;
      this.#lose(worker, new CrlnError('internal', `a data worker ended in its work: ${reason}`, {}, { cause }));
      void worker.terminate();
    };
    worker.on('error', died);
    worker.on('messageerror', died);
    worker.on('exit', died);
    return [worker, jobs];
  }

  #lose(worker: Worker, reason: CrlnError): void {
    const jobs = this.#workers.get(worker);
    this.#workers.delete(worker);
    for (const { reject } of jobs?.values() ?? []) reject(reason);
    jobs?.clear();
  }
}

const closed = (): CrlnError => new CrlnError('aborted', 'the loader is closed');
