import type { Triple } from '@crln/core';
import { engine } from '../engine.js';
import { CHUNK, paddedChannels, TABLE_FLOATS } from '../wasmKernels.js';
import { type Plan, tapRuns } from './plan.js';
import { SourceWindow } from './slabs.js';

/** A filter gradient: for every tap, the products of sources and output gradients summed over the voxels of a forward plan. */
export interface FilterSums {
  kernel: string;
  plan: Plan;
  batch: number;
  source: { values: Float32Array; size: Triple; channels: number };
  /** dy, [batch, …count of the plan, channels]. */
  gradient: { values: Float32Array; channels: number };
  depthwise: boolean;
}

/** Returns dw, [taps, source channels, gradient channels], or [taps, channels] for a depthwise convolution. */
export function filterSums(job: FilterSums): Float32Array {
  const { plan, batch, source, gradient, depthwise } = job;
  const running = engine();
  const { arena, kernels } = running;
  const purpose = { kernel: job.kernel, shape: [batch, ...source.size, source.channels] };
  const pass = plan.passes[0]!;
  const [depth, height, width] = pass.count;
  const plane = height * width * gradient.channels;
  try {
    const table = arena.take(TABLE_FLOATS, purpose);
    const window = new SourceWindow(running, plan, source.size, source.channels, plane, purpose);
    const dy = arena.take(window.planes * plane, purpose);
    const { offsets, run } = tapRuns(pass.taps, window.size, source.channels, !depthwise);
    const taps = arena.putInts(depthwise ? padToFour(offsets) : offsets, purpose);
    const rows = depthwise ? 1 : run;
    const paddedRows = depthwise ? 1 : Math.ceil(run / 4) * 4;
    const columns = gradient.channels;
    const paddedColumns = paddedChannels(columns);
    const sumFloats = (depthwise ? Math.ceil(offsets.length / 4) * 4 : offsets.length) * paddedRows * paddedColumns;
    const sums = arena.take(sumFloats, purpose);
    arena.floats.fill(0, sums >> 2, (sums >> 2) + sumFloats);
    const packed = arena.take(depthwise ? 0 : CHUNK * paddedColumns, purpose);
    const strides = window.strides;
    for (let n = 0; n < batch; n++) {
      for (let j0 = 0; j0 < depth; j0 += window.planes) {
        const j1 = Math.min(j0 + window.planes, depth);
        const x = window.load(source.values, n, j0, j1);
        const from = (n * depth + j0) * plane;
        arena.floats.set(gradient.values.subarray(from, from + (j1 - j0) * plane), dy >> 2);
        const grid = [j0, j1, height, width, ...strides, table] as const;
        if (depthwise) kernels.depthwiseFilterGrad(x, dy, sums, taps, offsets.length, columns, ...grid);
        else kernels.filterGrad(x, dy, sums, taps, offsets.length, run, columns, ...grid, packed);
      }
    }
    const result = arena.take(offsets.length * rows * columns, purpose);
    kernels.unpackSums(sums, result, offsets.length, rows, paddedRows, columns, paddedColumns);
    return arena.floats.slice(result >> 2, (result >> 2) + offsets.length * rows * columns);
  } finally {
    arena.reset();
  }
}

/** The last offset repeated up to a multiple of four. */
const padToFour = (offsets: Int32Array): Int32Array =>
  Int32Array.from({ length: Math.ceil(offsets.length / 4) * 4 }, (_, i) => offsets[Math.min(i, offsets.length - 1)]!);
