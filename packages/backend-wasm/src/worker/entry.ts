// What a worker runs; bundled into a string by scripts/build-wasm.mjs, so that no bundler has to find a file.
import type { WorkerStart } from './protocol.js';
import { serve } from './worker.js';

const { process } = globalThis as {
  process?: { getBuiltinModule?: (name: string) => { workerData: WorkerStart } };
};
const node = process?.getBuiltinModule?.('node:worker_threads');
if (node) serve(node.workerData);
else {
  const scope = globalThis as unknown as { postMessage(message: string): void } & typeof globalThis;
  const begin = ({ data }: MessageEvent<WorkerStart>) => {
    scope.postMessage('running');
    serve(data);
  };
  scope.addEventListener('message', (event) => begin(event as MessageEvent<WorkerStart>), { once: true });
}
