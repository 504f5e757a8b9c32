import type { TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import type { Purpose } from '../heap.js';
import type { KernelCall } from '../kernelConfig.js';

/** How sums lie: [groups][parts][rows][width], `channels` of them side by side and again as often as they fit. */
interface Layout {
  groups: number;
  parts: number;
  rows: number;
  width: number;
  channels: number;
}

/** Sums in float64 that every part of the work writes for itself, so that it does not matter who does which part when. */
export class Sums {
  readonly #values: Float64Array;

  constructor(
    purpose: Purpose,
    readonly layout: Layout,
  ) {
    const { groups, parts, rows, width } = layout;
    const size = groups * parts * rows * width;
    const { heap } = engine();
    // Taken first: taking may grow the memory, which then has another buffer.
    const at = heap.take(size * 8, purpose);
    this.#values = new Float64Array(heap.memory.buffer, at, size);
  }

  /** Where they lie, for a kernel. */
  get at(): number {
    return this.#values.byteOffset;
  }

  /** One row of a group for each channel: the parts added in their order. */
  fold({ group = 0, row = 0 } = {}): Float64Array {
    const { parts, rows, width, channels } = this.layout;
    const values = this.#values;
    const out = new Float64Array(channels);
    for (let part = 0; part < parts; part++) {
      const start = ((group * parts + part) * rows + row) * width;
      for (let i = start; i + channels <= start + width; i += channels) {
        for (let c = 0; c < channels; c++) out[c]! += values[i + c]!;
      }
    }
    return out;
  }
}

/** A tensor of a few numbers. */
export function vector(
  { room, output }: Pick<KernelCall<unknown, unknown>, 'room' | 'output'>,
  values: Float64Array,
): TensorInfo {
  const place = room([values.length]);
  place.set(values);
  return output([values.length], place);
}
