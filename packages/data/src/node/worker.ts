// What a worker thread of a loader runs: it loads cases and makes batches, one request after another, and keeps nothing.
import { parentPort, type TransferListItem, workerData } from 'node:worker_threads';
import { valueRange } from '../augment/intensity.js';
import { type BatchOptions, makeBatch } from '../loader/batch.js';
import { type PreparedFiles, prepareCase } from '../loader/source.js';
import type { BatchCases } from '../sampler.js';
import type { PreparedCase } from '../types.js';
import { readCase } from './case.js';
import { partsOf } from './error-parts.js';

/** To load a case, or to make a batch of cases in shared memory. */
export type Request = { files: PreparedFiles } | { cases: BatchCases<PreparedCase>; iteration: number };

const options = workerData as BatchOptions;

async function answer(request: Request): Promise<{ value: unknown; transfer?: TransferListItem[] }> {
  if ('files' in request) {
    const { recipe, labelled, ...files } = request.files;
    const one = prepareCase(recipe, await readCase(files), labelled);
    return { value: { ...one, range: valueRange(one.image) }, transfer: buffersOf(one.image, one.label) };
  }
  const batch = makeBatch(request.cases, request.iteration, options);
  const { labelled, unlabelled } = batch;
  const { images, strong } = unlabelled ?? {};
  return {
    value: batch,
    transfer: buffersOf(labelled.images, labelled.labels, images, strong?.images, strong?.index),
  };
}

const buffersOf = (...arrays: (Float32Array | Int32Array | Uint8Array | undefined)[]): TransferListItem[] =>
  arrays.filter((values) => values !== undefined).map(({ buffer }) => buffer as ArrayBuffer);

parentPort!.on('message', async ({ job, request }: { job: number; request: Request }) => {
  try {
    const { value, transfer } = await answer(request);
    parentPort!.postMessage({ job, value }, transfer);
  } catch (error) {
    parentPort!.postMessage({ job, error: partsOf(error) });
  }
});
