import { util } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import type { Purpose } from '../heap.js';
import type { SharedArguments, SharedKernel } from '../wasmKernels.js';
import { Sums } from './sums.js';

/** Floats of an item: some ten microseconds of work. */
const ITEM = 1 << 16;
/** Lanes of a row at least. */
const ROW = 64;
/** Voxels that {@link Lanes.nearMeans} looks at. */
const SAMPLES = 64;

/** Kernels that walk over lanes: their last argument is where the description of the lanes lies. */
type LaneKernel = 'moments' | 'normalise' | 'gradientSums' | 'gradientMix' | 'affineGrad' | 'channelSums';
type LaneArguments<K extends SharedKernel> =
  SharedArguments<K> extends [...infer Head extends number[], number] ? Head : never;

/**
 * A channels-last array in groups (each with tables and sums of its own) as rows of lanes: a row is the smallest multiple of the
 * channel count that vectors fill and that is worth a loop. What belongs to a channel is spread over the row's lanes before a
 * kernel, and folded to channels after it, here; kernels see lanes only. See assembly/lanes.ts.
 */
export class Lanes {
  readonly channels: number;
  /** Voxels of a group. */
  readonly voxels: number;
  /** Lanes of a row. */
  readonly width: number;
  /** Items of a group. */
  readonly parts: number;
  readonly #purpose: Purpose;
  readonly #units: number;
  readonly #description: number;

  /** `groups` cut the first axis: 1, or one for each sample. */
  constructor(
    kernel: string,
    shape: number[],
    readonly groups = 1,
  ) {
    this.#purpose = { kernel, shape };
    const channels = shape.at(-1)!;
    const size = groups && util.sizeFromShape(shape) / groups;
    this.channels = channels;
    this.voxels = size / channels;
    const least = channels % 4 === 0 ? channels : channels % 2 === 0 ? channels * 2 : channels * 4;
    this.width = least * Math.ceil(ROW / least);
    const part = Math.max(1, Math.floor(ITEM / this.width)) * this.width;
    this.parts = Math.max(1, Math.ceil(size / part));
    const items = groups * this.parts;
    this.#units = Math.min(items, Math.max(1, Math.floor((groups * size) / ITEM)));
    const batch = Math.ceil(items / this.#units);
    const words = [size * 4, this.parts, part * 4, items, batch, this.width * 4];
    this.#description = engine().heap.putInts(words, this.#purpose);
  }

  /** Runs a kernel over all items. */
  run<K extends LaneKernel>(kernel: K, ...values: LaneArguments<K>): void {
    engine().run(kernel, this.#units, ...([...values, this.#description] as SharedArguments<K>));
  }

  /** A table [groups][rows][lanes] for a kernel: rows with a number for each channel, or one for all. Returns where it lies. */
  table(rowsOf: (group: number) => (ArrayLike<number> | number)[]): number {
    const { groups, width } = this;
    const rows = Array.from({ length: groups }, (_, group) => rowsOf(group)).flat();
    const values = engine().heap.floats(rows.length * width, this.#purpose);
    rows.forEach((row, i) => {
      const lanes = values.subarray(i * width, (i + 1) * width);
      if (typeof row === 'number') lanes.fill(row);
      else for (let j = 0; j < width; j++) lanes[j] = row[j % row.length]!;
    });
    return values.byteOffset;
  }

  /** A group's part of [groups][channels]. */
  part(values: Float32Array, group: number): Float32Array {
    return values.subarray(group * this.channels, (group + 1) * this.channels);
  }

  /** Room for a kernel's sums, rows of lanes for each item. */
  sums(rows: number): Sums {
    const { groups, parts, width, channels } = this;
    return new Sums(this.#purpose, { groups, parts, rows, width, channels });
  }

  /** A number near each channel's mean in a group: the mean of some voxels, their common value where all are the same. */
  nearMeans(x: Float32Array, group: number): Float32Array {
    const { channels, voxels } = this;
    const first = group * voxels * channels;
    const count = Math.min(SAMPLES, voxels);
    const sums = new Float64Array(channels);
    for (let i = 0; i < count; i++) {
      const at = first + Math.floor((i * voxels) / count) * channels;
      for (let c = 0; c < channels; c++) sums[c]! += x[at + c]! - x[first + c]!;
    }
    return Float32Array.from(sums, (sum, c) => {
      const near = x[first + c]! + sum / count;
      return Number.isFinite(near) ? near : 0;
    });
  }
}
