// What a reader's thread runs: the parsers that cannot be interrupted, one request after another.
import { parentPort, type TransferListItem, workerData } from 'node:worker_threads';
import { beat, Heartbeat, setHeartbeat } from '../heartbeat.js';
import { readDicomHere } from './dicom/read.js';
import { type ErrorParts, partsOf } from './error-parts.js';
import { loadHdf5 } from './hdf5/library.js';
import { hdf5KeysHere, readHdf5Here } from './hdf5/read.js';

/** One file, and what is wanted of it. */
export type GuardedRequest =
  | { read: 'hdf5'; path: string; dataset: string }
  | { read: 'hdf5 keys'; path: string }
  | { read: 'dicom'; path: string; series?: string };

/** What the thread says: that it has started, that it begins to read, or how that ended. */
export type GuardMessage = 'ready' | 'begun' | { value: unknown } | { error: ErrorParts };

/** More than any volume's slab; what a damaged file asks for beyond it, it does not get. */
const MOST_PAGES = 2 ** 30 / 2 ** 16;

// A C library in WebAssembly asks for memory as its file says. Refused, it reports that, as it would with no memory left.
const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
  if (this.buffer.byteLength / 2 ** 16 + pages > MOST_PAGES) throw new RangeError('more than 1 GiB');
  return grow.call(this, pages);
};

async function answer(request: GuardedRequest): Promise<{ value: unknown; transfer?: TransferListItem[] }> {
  const { read, path } = request;
  if (read !== 'dicom') await loadHdf5(path);
  heartbeat.begin();
  say('begun');
  if (read === 'hdf5 keys') return { value: await hdf5KeysHere(path) };
  const value =
    read === 'hdf5'
      ? await readHdf5Here(path, request.dataset)
      : await waiting(readDicomHere(path, request.series === undefined ? {} : { series: request.series }));
  return { value, transfer: [value.data.buffer as ArrayBuffer] };
}

/** Between two looks of the waiting thread. */
const BREATH = 100;

/** Who waits for a slow disk gets on; only who lets nothing else run may be in circles. */
async function waiting<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(beat, BREATH);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

const heartbeat = new Heartbeat(workerData as SharedArrayBuffer);
setHeartbeat(heartbeat);

const say = (message: GuardMessage, transfer?: TransferListItem[]): void => parentPort!.postMessage(message, transfer);

parentPort!.on('message', async (request: GuardedRequest) => {
  try {
    const { value, transfer } = await answer(request);
    heartbeat.end();
    say({ value }, transfer);
  } catch (error) {
    heartbeat.end();
    say({ error: partsOf(error) });
  }
});
say('ready');
