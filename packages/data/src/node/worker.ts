// What a worker thread of a loader runs: it loads cases and makes batches, one request after another, and keeps nothing.
import { parentPort, type TransferListItem, workerData } from 'node:worker_threads';
import { type BatchOptions, makeBatch, type RawBatch } from '../loader/batch.js';
import { type PreparedFiles, prepareCase } from '../loader/source.js';
import type { BatchCases } from '../sampler.js';
import type { PreparedCase } from '../types.js';
import { readCase } from './case.js';
import { partsOf } from './error-parts.js';
import { shareCase } from './share.js';

/** To load a case into shared memory, or to make a batch of cases that lie there. */
export type Request = { files: PreparedFiles } | { cases: BatchCases<PreparedCase>; iteration: number };

const options = workerData as BatchOptions;

async function answer(request: Request): Promise<{ value: unknown; transfer?: TransferListItem[] }> {
  if ('files' in request) {
    const { recipe, labelled, ...files } = request.files;
    return { value: shareCase(prepareCase(recipe, await readCase(files), labelled)) };
  }
  const batch = makeBatch(request.cases, request.iteration, options);
  return { value: batch, transfer: buffersOf(batch) };
}

const buffersOf = ({ labelled, unlabelled }: RawBatch): TransferListItem[] =>
  [labelled.images, labelled.labels, unlabelled?.images, unlabelled?.strong?.images, unlabelled?.strong?.index]
    .filter((values) => values !== undefined)
    .map(({ buffer }) => buffer as ArrayBuffer);

parentPort!.on('message', async ({ job, request }: { job: number; request: Request }) => {
  try {
    const { value, transfer } = await answer(request);
    parentPort!.postMessage({ job, value }, transfer);
  } catch (error) {
    parentPort!.postMessage({ job, error: partsOf(error) });
  }
});
