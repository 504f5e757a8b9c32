// What a thread of a preparation runs: one raw case after another.
import { parentPort } from 'node:worker_threads';
import { partsOf } from './error-parts.js';
import { type CaseRequest, prepareRawCase } from './prepare/case.js';

parentPort!.on('message', async ({ job, request }: { job: number; request: CaseRequest }) => {
  try {
    parentPort!.postMessage({ job, value: await prepareRawCase(request) });
  } catch (error) {
    parentPort!.postMessage({ job, error: partsOf(error) });
  }
});
