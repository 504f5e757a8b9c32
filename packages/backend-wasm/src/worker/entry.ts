// What a worker runs; bundled into a string by scripts/build-wasm.mjs, so that no bundler has to find a file.
import type { WorkerStart } from './protocol.js';
import { serve } from './worker.js';

const { process } = globalThis as {
  process?: { getBuiltinModule?: (name: string) => { workerData: WorkerStart } };
};
const node = process?.getBuiltinModule?.('node:worker_threads');
if (node) serve(node.workerData);
else
  globalThis.addEventListener('message', (event) => serve((event as MessageEvent<WorkerStart>).data), { once: true });
