import type { Device } from './device.js';
import { USAGE } from './flags.js';
import type { Recorder } from './recorder.js';

/** Ends a measurement: milliseconds between when the GPU was done with what came before the start, and with what came before the end. */
export type Stop = () => Promise<number>;

/** Two times of eight bytes. */
const BYTES = 16;

/** Starts measuring, by the GPU's own clock where it shows it, else by when the queue is heard to be done. */
export function startStopwatch(device: Device, recorder: Recorder): Stop {
  return device.gpu.features.has('timestamp-query') ? byClock(device, recorder) : byQueue(device, recorder);
}

function byClock({ gpu }: Device, recorder: Recorder): Stop {
  const times = gpu.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = gpu.createBuffer({ size: BYTES, usage: USAGE.queryResolve | USAGE.copySource });
  recorder.stamp(times, 0);
  return async () => {
    recorder.stamp(times, 1);
    recorder.resolve(times, resolved);
    try {
      const bytes = await recorder.read({ id: 0, buffer: resolved, offset: 0, bytes: BYTES }, BYTES);
      const [begin, end] = new BigInt64Array(bytes) as unknown as [bigint, bigint];
      return Number(end - begin) / 1e6;
    } finally {
      times.destroy();
      resolved.destroy();
    }
  };
}

/** When the queue was done with what was measured last. */
const done = new WeakMap<Device, Promise<number>>();

function byQueue(device: Device, recorder: Recorder): Stop {
  recorder.submit();
  const before = done.get(device) ?? Promise.resolve(0);
  const began = performance.now();
  return async () => {
    recorder.submit();
    const now = () => performance.now();
    // A lost device says so where results are read.
    const ended = device.gpu.queue.onSubmittedWorkDone().then(now, now);
    done.set(device, ended);
    // The queue does one thing after the other.
    return (await ended) - Math.max(await before, began);
  };
}
