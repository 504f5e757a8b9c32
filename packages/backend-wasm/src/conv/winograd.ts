import type { ConvGeometry, Triple } from '@crln/core';
import { engine } from '../engine.js';
import { WINOGRAD } from './filterCache.js';
import type { Source } from './window.js';

/** Multiplications of a unit: about a millisecond, so that threads finish together. */
const UNIT_PRODUCTS = 16e6;
/** The filter gradient's partial sums take no more than this many bytes together. */
const SUM_BYTES = 8 << 20;

/**
 * A 3×3×3 convolution of stride 1 as Winograd's F(2×2×2, 3×3×3): 3.375 times fewer multiplications than by the definition, after
 * Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (CVPR 2016). Arrays lie in the shared memory.
 *
 * The float32 error is as small as the direct kernels' (measured: below 1e-6 of the largest output), but a tile's outputs share
 * it: next to a very large value small ones are less exact, and one that is not finite makes its whole tile so.
 */
export interface Winograd {
  kernel: string;
  batch: number;
  source: Source;
  result: Source;
  /** Voxels of zero (or, negative, voxels left out) before each axis of the source. */
  before: Triple;
  /** One float a result channel, added to every voxel. */
  bias: number | undefined;
  filter: number;
  /** Its tensor's dataId, where it has one. */
  version?: object;
  /** Floats between neighbouring taps, source channels and result channels of the filter. */
  filterStrides: { tap: number; source: number; result: number };
  /** The taps are taken in reverse, as the input gradient does. */
  mirrored: boolean;
}

/**
 * Whether these kernels take a convolution, and are faster than the direct ones. With very few source channels the transforms take
 * longer than what they save, with very few voxels that of the filter does. The tiles are those of the volume given last: y, or dx.
 */
export function suitsWinograd(g: ConvGeometry, sourceChannels: number, [depth, height, width]: Triple): boolean {
  const plain = [...g.strides, ...g.dilations].every((n) => n === 1) && g.size.every((n) => n === 3);
  if (!plain || sourceChannels < 3) return false;
  const { tiles, steps } = tileGrid([depth, height, width]);
  return 27 * g.batch * depth * height * width > 80 * g.batch * tiles * steps + 1024;
}

/** Runs the convolution: writes the whole result. */
export function winograd(job: Winograd): void {
  const { batch, source, result } = job;
  const running = engine();
  const { heap, kernels, threads } = running;
  const purpose = { kernel: job.kernel, shape: [batch, ...source.size, source.channels] };
  const { tiles, steps } = tileGrid(result.size);
  const filter = transformedFilter(job);
  const blocks = Math.ceil(result.channels / 8);
  const bias = heap.floats(blocks * 8, purpose).fill(0);
  if (job.bias !== undefined) bias.set(new Float32Array(heap.memory.buffer, job.bias, result.channels));

  const unitTiles = evenShare(tiles, source.channels <= 16 ? 32 : 16, 4);
  const products = unitTiles * 64 * source.channels * result.channels;
  const unitSteps = Math.min(steps, Math.ceil(UNIT_PRODUCTS / products));
  const units = batch * Math.ceil(steps / unitSteps) * Math.ceil(tiles / unitTiles);
  // Deep levels have few tiles and many channels.
  const unitChannels = units < 16 ? evenShare(result.channels, 64, 8) : blocks * 8;
  const scratch = heap.take(kernels.winogradScratch(source.channels, unitTiles) * threads, purpose);
  running.run(
    'winograd',
    units * Math.ceil(result.channels / unitChannels),
    ...[source.at, filter, bias.byteOffset, result.at],
    ...[...source.size, source.channels, ...result.size, result.channels, ...job.before],
    ...[unitSteps, unitTiles, unitChannels, scratch],
  );
}

/** Where the filter lies as the kernel takes it: by blocks of 8 result channels and by positions. */
function transformedFilter(job: Winograd): number {
  const { source, result, filterStrides, mirrored } = job;
  const running = engine();
  const { heap, kernels, threads } = running;
  const blocks = Math.ceil(result.channels / 8);
  const purpose = { kernel: job.kernel, shape: [27, source.channels, result.channels] };
  const strides = [filterStrides.tap, filterStrides.source, filterStrides.result] as const;
  return running.filters.place(
    {
      version: job.version,
      layout: [WINOGRAD, +mirrored, source.channels, result.channels, ...strides],
      // A block is laid out as the filter gradient's sums of 8 columns are.
      bytes: kernels.winogradSumBytes(source.channels, 8) * blocks,
      purpose,
    },
    (at) => {
      const taps = Array.from({ length: 27 }, (_, i) => (mirrored ? 26 - i : i));
      const order = heap.putInts(taps, purpose);
      const packed = heap.take(27 * source.channels * 32 * threads, purpose);
      const sizes = [source.channels, result.channels] as const;
      running.run('winogradFilter', blocks, job.filter, order, ...strides, at, ...sizes, packed);
    },
  );
}

/** The filter gradient of the same convolution: `result` becomes dw [27, source channels, gradient channels]. */
export interface WinogradGrad {
  kernel: string;
  batch: number;
  source: Source;
  /** dy. */
  gradient: Source;
  before: Triple;
  result: number;
}

export function winogradGrad(job: WinogradGrad): void {
  const { batch, source, gradient } = job;
  const running = engine();
  const { heap, kernels, threads } = running;
  const purpose = { kernel: job.kernel, shape: [batch, ...source.size, source.channels] };
  const { tiles, steps } = tileGrid(gradient.size);
  const unitTiles = evenShare(tiles, Math.max(source.channels, gradient.channels) <= 16 ? 32 : 16, 4);
  const columnsOfTiles = batch * Math.ceil(tiles / unitTiles);
  const most = columnsOfTiles * steps >= 32 ? 64 : 32;
  const rows = evenShare(source.channels, most, 8);
  const columns = evenShare(gradient.channels, most, 8);
  const pairs = Math.ceil(source.channels / rows) * Math.ceil(gradient.channels / columns);
  const sumBytes = kernels.winogradSumBytes(rows, columns);
  const products = columnsOfTiles * unitTiles * steps * 64 * rows * columns;
  const wanted = Math.min(products / UNIT_PRODUCTS, SUM_BYTES / (sumBytes * pairs), columnsOfTiles * steps);
  const parts = Math.max(1, Math.floor(wanted));
  const unitSteps = Math.ceil(steps / Math.ceil(parts / columnsOfTiles));
  const blocks = columnsOfTiles * Math.ceil(steps / unitSteps);
  const unitBlocks = Math.ceil(blocks / parts);
  const shares = Math.ceil(blocks / unitBlocks);
  const sums = heap.take(sumBytes * pairs * shares, purpose);
  const scratch = heap.take(kernels.winogradGradScratch(rows, columns, unitTiles) * threads, purpose);
  running.run(
    'winogradGrad',
    pairs * shares,
    ...[source.at, gradient.at, sums, batch],
    ...[...source.size, source.channels, ...gradient.size, gradient.channels, ...job.before],
    ...[rows, columns, unitSteps, unitTiles, unitBlocks, scratch],
  );
  const { channels } = source;
  running.run(
    'winogradGradEnd',
    (pairs * rows) / 4,
    sums,
    job.result,
    channels,
    gradient.channels,
    rows,
    columns,
    shares,
  );
}

/** 2×2 tiles of a plane, and pairs of planes. */
const tileGrid = ([depth, height, width]: Triple) => ({
  tiles: Math.ceil(height / 2) * Math.ceil(width / 2),
  steps: Math.ceil(depth / 2),
});

/** How much a part has where `count` things go into equal parts of at most `most`, in multiples of `multiple`. */
function evenShare(count: number, most: number, multiple: number): number {
  const parts = Math.max(1, Math.ceil(count / most));
  return Math.max(multiple, Math.ceil(count / parts / multiple) * multiple);
}
