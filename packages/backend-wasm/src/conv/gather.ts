import type { Triple } from '@crln/core';
import { engine } from '../engine.js';
import { paddedChannels, TABLE_BYTES } from '../wasmKernels.js';
import { PACKED } from './filterCache.js';
import { type Pass, type Plan, tapRuns } from './plan.js';
import { type Source, sourceWindow } from './window.js';

/** A gather over volumes: the forward convolution, or its input gradient, dense or depthwise. Arrays lie in the shared memory. */
export interface Gather {
  kernel: string;
  plan: Plan;
  batch: number;
  source: Source;
  result: Source;
  /** One float a result channel, added to every voxel. */
  bias: number | undefined;
  filter: number;
  /** Its tensor's dataId, where it has one. */
  version?: object;
  /** Floats between neighbouring taps, source channels and result channels of a dense filter; absent: depthwise, [taps][C]. */
  filterStrides?: { tap: number; source: number; result: number };
}

/** Runs the gather: writes the whole result [batch, …size, channels]. */
export function gather(job: Gather): void {
  const { plan, batch, source, result } = job;
  if (batch === 0 || [...result.size, result.channels].includes(0)) return;
  const running = engine();
  const { heap } = running;
  const purpose = { kernel: job.kernel, shape: [batch, ...source.size, source.channels] };
  const dense = job.filterStrides !== undefined;
  const products = plan.passes.reduce((sum, { count: [, h, w], taps }) => sum + h * w * taps.length, 0);
  const window = sourceWindow(plan, source, products * result.channels * (dense ? source.channels : 1), purpose);
  const columns = paddedChannels(result.channels);
  const bias = heap.floats(columns, purpose).fill(0);
  if (job.bias !== undefined) bias.set(new Float32Array(heap.memory.buffer, job.bias, result.channels));
  const voxel = result.channels * 4;
  const row = result.size[2] * voxel;
  const plane = result.size[1] * row;
  const passes = plan.passes.map((pass) => {
    const [d, h, w] = pass.start;
    return [...pass.count, d * plane + h * row + w * voxel, ...packPass(job, pass, window.size)];
  });
  const table = heap.take(running.threads * TABLE_BYTES, purpose);
  const { stride } = plan;
  const words = [
    ...window.words,
    ...[result.at, result.size[0] * plane, stride[0] * plane, stride[1] * row, stride[2] * voxel],
    ...[result.channels, bias.byteOffset, dense ? 1 : 0, table, TABLE_BYTES],
    ...[heap.putInts(passes.flat(), purpose), passes.length],
  ];
  running.run('gather', batch * window.slabs, heap.putInts(words, purpose));
}

/** Puts a pass's tap offsets and its share of the filter, packed, into the memory; returns [weights, taps, tapCount, run]. */
function packPass(job: Gather, pass: Pass, window: Triple): number[] {
  const { heap, kernels, filters } = engine();
  const { source, result, filterStrides } = job;
  const purpose = { kernel: job.kernel, shape: [pass.taps.length, source.channels, result.channels] };
  const { offsets, run, order } = tapRuns(pass.taps, window, source.channels, filterStrides !== undefined);
  const taps = heap.putInts(offsets, purpose);
  const columns = paddedChannels(result.channels);
  if (filterStrides) {
    const strides = [filterStrides.tap, filterStrides.source, filterStrides.result] as const;
    const channels = [source.channels, result.channels] as const;
    const weights = filters.place(
      {
        version: job.version,
        layout: [PACKED, ...channels, ...strides, ...order],
        bytes: order.length * source.channels * columns * 4,
        purpose,
      },
      (at) => kernels.packFilter(job.filter, at, heap.putInts(order, purpose), order.length, ...channels, ...strides),
    );
    return [weights, taps, offsets.length, run];
  }
  const weights = heap.floats(order.length * columns, purpose).fill(0);
  const filter = new Float32Array(heap.memory.buffer, job.filter);
  order.forEach((index, t) => {
    const at = index * result.channels;
    weights.set(filter.subarray(at, at + result.channels), t * columns);
  });
  return [weights.byteOffset, taps, offsets.length, run];
}
