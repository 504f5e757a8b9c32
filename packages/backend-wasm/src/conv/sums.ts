import { engine } from '../engine.js';
import { CHUNK, paddedChannels, TABLE_BYTES } from '../wasmKernels.js';
import { type Plan, tapRuns } from './plan.js';
import { type Source, sourceWindow } from './window.js';

/** Partial sums take no more than this many bytes together. */
const PARTIAL_BYTES = 16 << 20;
const MAX_PARTIALS = 16;

/** A filter gradient: for every tap, the products of sources and output gradients summed over the voxels of a forward plan. */
export interface FilterSums {
  kernel: string;
  plan: Plan;
  batch: number;
  source: Source;
  /** dy, [batch, …count of the plan, channels]. */
  gradient: { at: number; channels: number };
  depthwise: boolean;
  /** Where dw goes, [taps, source channels, gradient channels], or [taps, channels] for a depthwise convolution. */
  result: number;
}

export function filterSums(job: FilterSums): void {
  const { plan, batch, source, gradient, depthwise } = job;
  const running = engine();
  const { heap, kernels } = running;
  const purpose = { kernel: job.kernel, shape: [batch, ...source.size, source.channels] };
  const pass = plan.passes[0]!;
  const [, height, width] = pass.count;
  const columns = gradient.channels;
  const products = height * width * pass.taps.length * columns * (depthwise ? 1 : source.channels);
  const window = sourceWindow(plan, source, products, purpose);
  const { offsets, run } = tapRuns(pass.taps, window.size, source.channels, !depthwise);
  const padded = depthwise ? padToFour(offsets) : offsets;
  const taps = heap.putInts(padded, purpose);
  const rows = depthwise ? 1 : run;
  const paddedRows = depthwise ? 1 : Math.ceil(run / 4) * 4;
  const paddedColumns = paddedChannels(columns);
  const sumBytes = padded.length * paddedRows * paddedColumns * 4;
  const items = batch * window.slabs;
  const partials = Math.max(1, Math.min(items, MAX_PARTIALS, Math.floor(PARTIAL_BYTES / sumBytes)));
  const sums = heap.take(partials * sumBytes, purpose);
  const tableStride = TABLE_BYTES + CHUNK * paddedColumns * 4;
  const table = heap.take(running.threads * tableStride, purpose);
  const words = [
    ...window.words,
    ...[gradient.at, height * width * columns * 4, height, width, columns, depthwise ? 0 : 1],
    ...[taps, offsets.length, run, sums, sumBytes, partials, items, table, tableStride],
  ];
  running.run('filterSums', partials, heap.putInts(words, purpose));
  kernels.addPartials(sums, sumBytes, partials, job.result, offsets.length, rows, paddedRows, columns, paddedColumns);
}

/** The last offset repeated up to a multiple of four. */
const padToFour = (offsets: Int32Array): Int32Array =>
  Int32Array.from({ length: Math.ceil(offsets.length / 4) * 4 }, (_, i) => offsets[Math.min(i, offsets.length - 1)]!);
