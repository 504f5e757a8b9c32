import { CrlnError } from '@crln/core';
import { type BatchCases, twoStreamSampler } from '../sampler.js';
import type { PreparedCase } from '../types.js';
import { type BatchOptions, makeBatch, type RawBatch } from './batch.js';
import { CaseCache } from './case-cache.js';
import type { CaseSource } from './source.js';

export interface LoaderOptions extends BatchOptions {
  /** How many iterations there are: no batch is made ahead for a later one. Default: no end. */
  iterations?: number;
  /** Bytes of prepared cases that stay in memory, those used last. Default 1 GiB. */
  cacheBytes?: number;
}

/** Gives batches by iteration. */
export interface BatchLoader {
  /**
   * The batch of an iteration, from 0: a function of the iteration and of how the loader was opened, whatever was asked before.
   * @throws CrlnError `invalid-data`, `invalid-option`, and what loading a case throws
   */
  batch(iteration: number): Promise<RawBatch>;
  /** Ends what works for it; no batch comes after that. */
  close(): Promise<void>;
}

/** Opens a loader: {@link batchLoader}, or in Node what `workerLoader` of `@crln/data/node` gives. Nothing works before a batch is asked for. */
export type OpenLoader = (source: CaseSource, options: LoaderOptions) => BatchLoader;

/**
 * Makes every batch when it is asked for, on the thread that asks. Runs anywhere.
 *
 * @throws CrlnError `invalid-data` where patches are wanted from an empty list, `invalid-option` where unlabelled ones are needed and the
 * batch has none
 */
export const batchLoader: OpenLoader = (source, options) => ({
  batch: batchMaker(source, options, {
    load: async (id) => source.load(id),
    make: async (cases, iteration) => makeBatch(cases, iteration, options),
  }),
  async close() {},
});

/** Who does the work of a loader. */
interface BatchWork {
  load(id: string): Promise<PreparedCase>;
  make(cases: BatchCases<PreparedCase>, iteration: number): Promise<RawBatch>;
  /** Told of a case that left the memory. */
  dropped?(one: PreparedCase): void;
}

const bytesOf = ({ image, label }: PreparedCase): number => image.byteLength + (label?.byteLength ?? 0);

/** Draws the cases of an iteration, has them loaded, and the batch made of them. Throws as {@link batchLoader}. */
export function batchMaker(
  source: CaseSource,
  options: LoaderOptions,
  work: BatchWork,
): (iteration: number) => Promise<RawBatch> {
  const { seed, needs } = options;
  const [L, U] = options.batch;
  if (needs.unlabelled && U === 0) {
    throw new CrlnError('invalid-option', `batch: the method needs unlabelled patches, got [${L}, ${U}]`, {
      batch: [L, U],
    });
  }
  const { labelled, unlabelled } = source;
  const sample = twoStreamSampler({ labelled, unlabelled, batch: [L, needs.unlabelled ? U : 0], seed });
  const cache = new CaseCache<PreparedCase>(options.cacheBytes ?? 2 ** 30, bytesOf, work.dropped);
  return (iteration) => {
    const ids = sample(iteration);
    return cache.use([...ids.labelled, ...ids.unlabelled], work.load, (cases) =>
      work.make({ labelled: cases.slice(0, L), unlabelled: cases.slice(L) }, iteration),
    );
  };
}
