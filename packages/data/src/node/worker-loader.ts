import { availableParallelism } from 'node:os';
import { CrlnError } from '@crln/core';
import { valueRange } from '../augment/intensity.js';
import type { RawBatch } from '../loader/batch.js';
import { batchLoader, batchMaker, type OpenLoader } from '../loader/loader.js';
import { prefetch } from '../loader/prefetch.js';
import type { PreparedCase } from '../types.js';
import { WorkerPool } from './pool.js';
import { SharedMemory } from './shared-memory.js';
import type { Request } from './worker.js';

const defaultWorkers = () => (availableParallelism() > 1 ? 1 : 0);

/**
 * Loaders that make batches ahead of time on worker threads, while the thread that asks for them does something else. The batches are those of
 * {@link batchLoader}, bit for bit, whatever the number of workers.
 *
 * Cases lie in shared memory, once for all threads. A source that says which files a case has (`files`) has them read and prepared by
 * the workers too; else its `load` runs on the thread that asks. At least two batches are made ahead, or one a worker.
 *
 * @param options - `workers`: how many; 0: none, all on the thread that asks. Default: 1, or 0 where there is only one core
 * @throws CrlnError `invalid-option`; the loaders throw what {@link batchLoader} throws
 */
export function workerLoader({ workers = defaultWorkers() }: { workers?: number | undefined } = {}): OpenLoader {
  if (!Number.isInteger(workers) || workers < 0) {
    throw new CrlnError('invalid-option', `workers: expected a whole number >= 0, got ${workers}`, { workers });
  }
  if (workers === 0) return batchLoader;
  return (source, options) => {
    const { seed, patch, batch, needs, augmentation } = options;
    const pool = new WorkerPool(new URL('./worker.js', import.meta.url), {
      size: workers,
      name: 'crln-data',
      workerData: { seed, patch, batch, needs, augmentation },
      // Flags of the process, such as --input-type, need not suit a worker.
      execArgv: [],
    });
    const memory = new SharedMemory();
    const run = <T>(request: Request) => pool.run(request) as Promise<T>;
    const make = batchMaker(source, options, {
      async load(id) {
        const files = source.files?.(id);
        const one = files ? await run<PreparedCase>({ files }) : await source.load(id);
        // A worker sees another array on the same memory every time, and would look for the range in each.
        return memory.share({ ...one, range: one.range ?? valueRange(one.image) });
      },
      make: (cases, iteration) => run<RawBatch>({ cases, iteration }),
      dropped: (one) => memory.release(one),
    });
    const ahead = Math.max(workers, 2);
    return { batch: prefetch(make, { ahead, end: options.iterations ?? Infinity }), close: () => pool.close() };
  };
}
