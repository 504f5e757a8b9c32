import { CrlnError } from '@crln/core';

const PAGE = 65536;
/** Kernels read up to a vector block past the end of a row; the values never reach a result. */
const SLACK = 256;

/** What a kernel call is doing, for the message when memory runs out. */
export interface Purpose {
  kernel: string;
  shape: readonly number[];
}

/**
 * A bump allocator over one WebAssembly memory: a kernel call takes blocks and gives all of them back at its end with
 * {@link Arena.reset}. The memory grows to what the largest call needs.
 */
export class Arena {
  readonly #memory: WebAssembly.Memory;
  readonly #base: number;
  #top: number;
  #floats: Float32Array;
  /** No more than this many bytes are asked for; a test lowers it. */
  limit = 65536 * PAGE;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    // The first kilobytes belong to the module's static data.
    this.#base = 16384;
    this.#top = this.#base;
    this.#floats = new Float32Array(memory.buffer);
  }

  /** Bytes held from the system. */
  get capacity(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Bytes taken since the last reset. */
  get used(): number {
    return this.#top - this.#base;
  }

  /** The whole memory as float32; growing makes earlier views useless, so ask again after {@link Arena.take}. */
  get floats(): Float32Array {
    if (this.#floats.buffer !== this.#memory.buffer) this.#floats = new Float32Array(this.#memory.buffer);
    return this.#floats;
  }

  /** Takes `count` float32s, 64-byte aligned, and returns their byte offset. The content is whatever was there. */
  take(count: number, purpose: Purpose): number {
    const at = this.#top;
    const end = Math.ceil((at + count * 4 + SLACK) / 64) * 64;
    if (end > this.limit) throw this.#exhausted(end, purpose);
    const missing = Math.ceil((end - this.capacity) / PAGE);
    if (missing > 0) {
      try {
        this.#memory.grow(missing);
      } catch (error) {
        throw this.#exhausted(end, purpose, error);
      }
    }
    this.#top = end;
    return at;
  }

  /** Takes a block and copies `values` into it. */
  put(values: Float32Array, purpose: Purpose): number {
    const at = this.take(values.length, purpose);
    this.floats.set(values, at >> 2);
    return at;
  }

  /** The same for whole numbers. */
  putInts(values: Int32Array, purpose: Purpose): number {
    const at = this.take(values.length, purpose);
    new Int32Array(this.#memory.buffer, at, values.length).set(values);
    return at;
  }

  /** Gives back everything taken since `mark` (all, without one). */
  reset(mark = this.#base): void {
    this.#top = mark;
  }

  /** Where the next block begins; for {@link Arena.reset}. */
  get mark(): number {
    return this.#top;
  }

  #exhausted(bytes: number, { kernel, shape }: Purpose, cause?: unknown): CrlnError {
    return new CrlnError(
      'out-of-memory',
      `${kernel}: no WebAssembly memory for a tensor of shape [${shape}]: ${bytes} bytes asked for, ${this.limit} allowed; ` +
        'use a smaller patch or batch',
      { kernel, shape: [...shape], bytes, limit: this.limit },
      { cause },
    );
  }
}
