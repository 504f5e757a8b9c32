import { engine } from '../engine.js';
import type { Purpose } from '../heap.js';
import { unitCount } from '../units.js';

/** Bytes of scratch space for a thread, as in assembly/sums.ts, and the least elements of a slice of the inner axis. */
const SCRATCH_BYTES = 240 * 8;
const SLICE = 1024;

/** An array seen as [outer, count, inner]: sums along the axis in the middle, in float64, by parts that are added in their order. */
export class MiddleAxis {
  readonly #purpose: Purpose;
  readonly #ints: number;
  readonly #slices: number;
  readonly #parts: number;

  constructor(
    kernel: string,
    readonly x: Float32Array | Int32Array,
    readonly outer: number,
    readonly count: number,
    readonly inner: number,
  ) {
    this.#purpose = { kernel, shape: [outer, count, inner] };
    this.#ints = +(x instanceof Int32Array);
    const wanted = unitCount(count * inner);
    this.#slices = Math.min(wanted, Math.max(1, Math.floor(inner / SLICE)));
    this.#parts = Math.max(1, Math.min(Math.floor(wanted / this.#slices), count));
  }

  /** y [outer, inner] = Σ x / divisor, in the type of x. */
  sum(y: Float32Array | Int32Array, divisor = 1): void {
    const partials = this.#sums(y.byteOffset, divisor);
    const sizes = [this.outer, this.#parts, this.inner] as const;
    if (this.#parts > 1) engine().kernels.addParts(partials, y.byteOffset, this.#ints, ...sizes, divisor);
  }

  /** y [outer, count, inner]: sums of all elements up to each, itself included unless `exclusive`; from the end where `reverse`. */
  scan(y: Float32Array | Int32Array, { exclusive, reverse }: { exclusive: boolean; reverse: boolean }): void {
    const { outer, count, inner, x } = this;
    const starts = this.#parts > 1 ? this.#sums(0, 1) : 0;
    if (starts) engine().kernels.partStarts(starts, +reverse, outer, this.#parts, inner);
    const units = this.#units(1);
    const places = [x.byteOffset, y.byteOffset, starts, this.#ints] as const;
    engine().run('scan', units, ...places, +exclusive, +reverse, outer, count, inner, this.#parts, units);
  }

  /** Sums of the parts, float64 [outer, parts, inner]; of one part they go to y. */
  #sums(y: number, divisor: number): number {
    const { outer, count, inner, x } = this;
    const { heap, threads } = engine();
    const partials = this.#parts > 1 ? heap.take(outer * this.#parts * inner * 8, this.#purpose) : 0;
    const scratch = inner > 1 ? heap.take(threads * SCRATCH_BYTES, this.#purpose) : 0;
    const units = this.#units(this.#slices);
    const sizes = [outer, count, inner, this.#parts, this.#slices, divisor, units] as const;
    engine().run('sums', units, x.byteOffset, y, partials, scratch, this.#ints, ...sizes);
    return partials;
  }

  #units(slices: number): number {
    const { outer, count, inner } = this;
    return Math.max(1, Math.min(unitCount(outer * count * inner), outer * this.#parts * slices));
  }
}
