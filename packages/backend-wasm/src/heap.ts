import { CrlnError } from '@crln/core';
import { Blocks } from './blocks.js';
import { SLAB, SMALL, SmallBlocks } from './smallBlocks.js';

const PAGE = 65536;
/** Kernels read up to a vector block past the end of a row; the values never reach a result. */
const SLACK = 64;
/** The module's static data lies below. */
const BASE = 16384;
/** Grown by at least this many bytes at a time. */
const STEP = 16 << 20;

/** What an allocation is for, for the message when memory runs out. */
export interface Purpose {
  kernel: string;
  shape: readonly number[];
}

/**
 * Tensors and scratch space in ONE growable shared WebAssembly memory. A block is taken by a kernel call, adopted by every tensor
 * whose values begin there ({@link Heap.retain}), and free again when the last of them is disposed of; what a call took and no
 * tensor adopted is free at the end of the call. Views stay valid when a shared memory grows.
 */
export class Heap {
  readonly #blocks = new Blocks(BASE);
  readonly #small = new SmallBlocks();
  readonly #references = new Map<number, number>();
  readonly #buffers = new WeakSet<ArrayBufferLike>();
  #buffer: ArrayBufferLike;
  /** By the calls that run, in their order. */
  readonly #taken: number[] = [];
  #depth = 0;
  #calls = 0;
  /** Asked before the memory grows, and before it runs out (`last`): whether something that can be made again was freed. */
  spare: (last: boolean) => boolean = () => false;
  /** No more than this many bytes are asked for; a test lowers it. */
  limit = 65536 * PAGE;
  /** Fills blocks with NaN when they are taken and when they become free: who reads what was not written, or is gone, is found out. */
  poison = false;

  constructor(readonly memory: WebAssembly.Memory) {
    this.#buffer = memory.buffer;
    this.#buffers.add(this.#buffer);
    this.#blocks.extend(this.#buffer.byteLength - BASE);
  }

  /** Bytes held from the system. */
  get capacity(): number {
    return this.#buffer.byteLength;
  }

  /** Bytes in blocks that are taken. */
  get used(): number {
    return this.#blocks.used - this.#small.slabs * SLAB + this.#small.used;
  }

  /** How many blocks are taken. */
  get blocks(): number {
    return this.#blocks.count - this.#small.slabs + this.#small.count;
  }

  /** The number of the kernel call under way. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether an array's values lie in this memory. */
  owns(array: ArrayBufferView): boolean {
    return array.buffer === this.#buffer || this.#buffers.has(array.buffer);
  }

  /** Takes a block of 64-byte aligned bytes and returns where it begins. Its content is whatever was there. */
  take(bytes: number, purpose: Purpose): number {
    const size = Math.max(64, Math.ceil((bytes + SLACK) / 64) * 64);
    const at = size > SMALL ? this.#takeLarge(size, purpose) : this.#takeSmall(size, purpose);
    this.#taken.push(at);
    if (this.poison) new Uint8Array(this.#buffer, at, size).fill(0xff);
    return at;
  }

  floats(count: number, purpose: Purpose): Float32Array {
    const at = this.take(count * 4, purpose);
    return new Float32Array(this.#buffer, at, count);
  }

  ints(count: number, purpose: Purpose): Int32Array {
    const at = this.take(count * 4, purpose);
    return new Int32Array(this.#buffer, at, count);
  }

  /** Whole numbers put into a block of their own, where a kernel reads them; returns where it begins. */
  putInts(values: ArrayLike<number>, purpose: Purpose): number {
    const place = this.ints(values.length, purpose);
    place.set(values);
    return place.byteOffset;
  }

  bytes(count: number, purpose: Purpose): Uint8Array {
    const at = this.take(count, purpose);
    return new Uint8Array(this.#buffer, at, count);
  }

  /** A tensor adopts the block at `at`. Returns false where no taken block begins there. */
  retain(at: number): boolean {
    if (!this.#small.has(at) && !this.#blocks.has(at)) return false;
    this.#references.set(at, (this.#references.get(at) ?? 0) + 1);
    return true;
  }

  /** A tensor lets go of the block at `at`; the last one frees it. */
  release(at: number): void {
    const left = (this.#references.get(at) ?? 0) - 1;
    if (left > 0) this.#references.set(at, left);
    else {
      this.#references.delete(at);
      this.#free(at);
    }
  }

  /** Runs a kernel call: what `work` takes and no tensor adopts is free afterwards. */
  call<T>(work: () => T): T;
  call<A, T>(work: (argument: A) => T, argument: A): T;
  call<A, T>(work: (argument: A) => T, argument?: A): T {
    const first = this.#taken.length;
    if (this.#depth++ === 0) this.#calls++;
    try {
      return work(argument as A);
    } finally {
      this.#depth--;
      while (this.#taken.length > first) {
        const at = this.#taken.pop()!;
        if (!this.#references.has(at)) this.#free(at);
      }
    }
  }

  #takeLarge(size: number, purpose: Purpose): number {
    let at = this.#blocks.take(size);
    while (at === undefined && this.spare(false)) at = this.#blocks.take(size);
    while (at === undefined) {
      try {
        this.#grow(size, purpose);
      } catch (error) {
        if (!this.spare(true)) throw error;
      }
      at = this.#blocks.take(size);
    }
    return at;
  }

  #takeSmall(size: number, purpose: Purpose): number {
    const at = this.#small.take(size);
    if (at !== undefined) return at;
    this.#small.cut(this.#takeLarge(SLAB, purpose), size);
    return this.#small.take(size)!;
  }

  #free(at: number): void {
    const bytes = this.#small.has(at) ? this.#small.free(at) : this.#blocks.free(at);
    if (this.poison) new Uint8Array(this.#buffer, at, bytes).fill(0xff);
  }

  #grow(size: number, purpose: Purpose): void {
    const before = this.capacity;
    const least = before + size - this.#blocks.freeAtEnd;
    const wanted = Math.min(Math.max(least, before + STEP), this.limit);
    for (const bytes of wanted > least ? [wanted, least] : [least]) {
      if (bytes > this.limit) throw this.#exhausted(size, purpose);
      try {
        this.memory.grow(Math.ceil((bytes - before) / PAGE));
      } catch (error) {
        if (bytes === least) throw this.#exhausted(size, purpose, error);
        continue;
      }
      this.#buffer = this.memory.buffer;
      this.#buffers.add(this.#buffer);
      this.#blocks.extend(this.capacity - before);
      return;
    }
  }

  #exhausted(bytes: number, { kernel, shape }: Purpose, cause?: unknown): CrlnError {
    return new CrlnError(
      'out-of-memory',
      `${kernel}: no WebAssembly memory for a tensor of shape [${shape}]: ${bytes} bytes asked for, ${this.used} of ${this.limit} in use; ` +
        'use a smaller patch or batch, or recompute activations',
      { kernel, shape: [...shape], bytes, used: this.used, limit: this.limit },
      { cause },
    );
  }
}
