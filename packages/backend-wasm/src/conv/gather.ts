import type { Triple } from '@crln/core';
import { engine } from '../engine.js';
import { paddedChannels, TABLE_FLOATS } from '../wasmKernels.js';
import { type Pass, type Plan, tapRuns } from './plan.js';
import { SourceWindow } from './slabs.js';

/** A gather over volumes: the forward convolution, or its input gradient, dense or depthwise. */
export interface Gather {
  kernel: string;
  plan: Plan;
  batch: number;
  source: { values: Float32Array; size: Triple; channels: number };
  result: { size: Triple; channels: number };
  /** One float a result channel, added to every voxel. */
  bias: Float32Array | undefined;
  filter: Float32Array;
  /** Floats between neighbouring taps, source channels and result channels of a dense filter; absent: depthwise, [taps][C]. */
  filterStrides?: { tap: number; source: number; result: number };
}

/** Runs the gather and returns the result [batch, …size, channels]. */
export function gather(job: Gather): Float32Array {
  const { plan, batch, source, result } = job;
  const running = engine();
  const { arena, kernels } = running;
  const purpose = { kernel: job.kernel, shape: [batch, ...source.size, source.channels] };
  const plane = result.size[1] * result.size[2] * result.channels;
  const y = new Float32Array(batch * result.size[0] * plane);
  if (y.length === 0) return y;
  try {
    const table = arena.take(TABLE_FLOATS, purpose);
    const bias = arena.take(paddedChannels(result.channels), purpose);
    const window = new SourceWindow(running, plan, source.size, source.channels, plan.stride[0] * plane, purpose);
    const out = arena.take(window.planes * plan.stride[0] * plane, purpose);
    const filter = job.filterStrides ? arena.put(job.filter, purpose) : 0;
    const passes = plan.passes.map((pass) => preparePass(job, pass, window, filter));
    arena.floats.fill(0, bias >> 2, (bias >> 2) + paddedChannels(result.channels));
    if (job.bias) arena.floats.set(job.bias, bias >> 2);
    const voxel = result.channels * 4;
    const row = result.size[2] * voxel;
    const [yd, yh, yw] = [plan.stride[0] * plane * 4, plan.stride[1] * row, plan.stride[2] * voxel];
    const [xd, xh, xw] = window.strides;
    for (let n = 0; n < batch; n++) {
      for (let j0 = 0; j0 < plan.count[0]; j0 += window.planes) {
        const j1 = Math.min(j0 + window.planes, plan.count[0]);
        const x = window.load(source.values, n, j0, j1);
        for (const { pass, weights, taps, tapCount, run } of passes) {
          const end = Math.min(j1, pass.count[0]);
          if (end <= j0) continue;
          const [, height, width] = pass.count;
          const at = out + pass.start[0] * plane * 4 + pass.start[1] * row + pass.start[2] * voxel;
          const grid = [j0, end, height, width, xd, xh, xw, yd, yh, yw, table] as const;
          if (job.filterStrides) kernels.conv(x, weights, bias, at, taps, tapCount, run, result.channels, ...grid);
          else kernels.depthwise(x, weights, bias, at, taps, tapCount, result.channels, ...grid);
        }
        const from = j0 * plan.stride[0];
        const planes = Math.min(j1 * plan.stride[0], result.size[0]) - from;
        y.set(arena.floats.subarray(out >> 2, (out >> 2) + planes * plane), (n * result.size[0] + from) * plane);
      }
    }
  } finally {
    arena.reset();
  }
  return y;
}

interface PreparedPass {
  pass: Pass;
  weights: number;
  taps: number;
  tapCount: number;
  run: number;
}

/** Puts a pass's tap offsets and its share of the filter, packed, into the arena. `filter` is where a dense filter lies there. */
function preparePass(job: Gather, pass: Pass, window: SourceWindow, filter: number): PreparedPass {
  const { arena, kernels } = engine();
  const { source, result, filterStrides } = job;
  const purpose = { kernel: job.kernel, shape: [pass.taps.length, source.channels, result.channels] };
  const { offsets, run, order } = tapRuns(pass.taps, window.size, source.channels, filterStrides !== undefined);
  const taps = arena.putInts(offsets, purpose);
  const columns = paddedChannels(result.channels);
  const tapCount = offsets.length;
  if (!filterStrides) {
    const weights = arena.take(order.length * columns, purpose);
    order.forEach((index, t) => {
      const at = index * result.channels;
      arena.floats.set(job.filter.subarray(at, at + result.channels), (weights >> 2) + t * columns);
    });
    return { pass, weights, taps, tapCount, run };
  }
  const weights = arena.take(order.length * source.channels * columns, purpose);
  const mark = arena.mark;
  const places = arena.putInts(order, purpose);
  const { tap, source: rows, result: cols } = filterStrides;
  kernels.packFilter(filter, weights, places, order.length, source.channels, result.channels, tap, rows, cols);
  arena.reset(mark);
  return { pass, weights, taps, tapCount, run };
}
