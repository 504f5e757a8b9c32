import { CrlnError } from '@crln/core';
import type { Device } from './device.js';
import { USAGE } from './flags.js';

/**
 * A buffer of the pool, or a part of one. The buffer's number stands for it in keys of caches, and is never used again; with
 * {@link rangeKey} it does so for a part.
 */
export interface Block {
  readonly id: number;
  readonly buffer: GPUBuffer;
  /** Where it begins in the buffer: a multiple of {@link ALIGNMENT}. */
  readonly offset: number;
  readonly bytes: number;
  /** The block that this is a part of. */
  readonly whole?: Block;
}

/** What a bound part of a buffer begins at multiples of: WebGPU's default limit, `minStorageBufferOffsetAlignment`. */
const ALIGNMENT = 256;

/** Which bytes of which buffer, in keys of caches. */
export const rangeKey = ({ id, offset, bytes, whole }: Block): string => (whole ? `${id}+${offset}:${bytes}` : `${id}`);

/** The bytes that parts take which lie one after the other in one buffer; undefined where they do not. For use, not to be released. */
export function joined(parts: readonly Block[]): Block | undefined {
  const [first] = parts;
  if (!first || parts.length === 1) return first;
  let end = first.offset;
  for (const { id, offset, bytes } of parts) {
    if (id !== first.id || offset !== end) return undefined;
    end += bytes;
  }
  return { ...first, bytes: end - first.offset };
}

/** What an allocation is for, for the message when memory runs out. */
export interface Purpose {
  kernel: string;
  shape: readonly number[];
}

const LEAST = 256;

/**
 * Buffers for tensors and scratch space, by sizes of four steps between powers of two, so that one that is let go of fits the next
 * tensor of about its size. One queue runs everything in its order, so a buffer may be reused at once. Of those of a size the one with the
 * lowest number goes first, whatever the order in which they came back: so the steps of a training meet the same buffers, and what is
 * cached for them, again and again.
 */
export class Pool {
  readonly #device: Device;
  readonly #free = new Map<number, Block[]>();
  /** How many parts of a split block are in use, by its number. */
  readonly #parts = new Map<number, number>();
  readonly #limit: number;
  #ids = 0;
  /** Bytes of all buffers, and of those in use. */
  allocated = 0;
  used = 0;
  blocks = 0;

  constructor(device: Device) {
    this.#device = device;
    const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
    this.#limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  /** @throws CrlnError `out-of-memory` where one binding cannot hold that much. */
  take(bytes: number, { kernel, shape }: Purpose): Block {
    if (bytes > this.#limit) {
      throw new CrlnError(
        'out-of-memory',
        `${kernel}: a tensor of shape [${shape}] takes ${bytes} bytes, and this device binds ${this.#limit} at most; use a smaller patch or batch`,
        { kernel, shape: [...shape], bytes, limit: this.#limit },
      );
    }
    const size = Math.min(sizeClass(bytes), this.#limit & ~255);
    const block = this.#free.get(size)?.pop() ?? this.#create(size);
    this.used += size;
    this.blocks++;
    return block;
  }

  /**
   * Cuts a block of {@link splitBytes} into parts of at least these bytes, one after the other. They are released one by one, and the
   * block goes back with the last of them.
   */
  split(whole: Block, sizes: readonly number[]): Block[] {
    this.#parts.set(whole.id, sizes.length);
    let offset = 0;
    return sizes.map((size) => {
      const part = { id: whole.id, buffer: whole.buffer, offset, bytes: aligned(size), whole };
      offset += part.bytes;
      return part;
    });
  }

  release(block: Block): void {
    if (block.whole) {
      const others = (this.#parts.get(block.id) ?? 1) - 1;
      if (others > 0) {
        this.#parts.set(block.id, others);
        return;
      }
      this.#parts.delete(block.id);
      this.release(block.whole);
      return;
    }
    const list = this.#free.get(block.bytes);
    if (list) list.splice(placeOf(block, list), 0, block);
    else this.#free.set(block.bytes, [block]);
    this.used -= block.bytes;
    this.blocks--;
  }

  #create(bytes: number): Block {
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
    const buffer = this.#device.gpu.createBuffer({ size: bytes, usage });
    this.allocated += bytes;
    return { id: ++this.#ids, buffer, offset: 0, bytes };
  }
}

/** Where a block belongs in a list that ends with the lowest number. */
function placeOf({ id }: Block, list: readonly Block[]): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Block).id > id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Bytes that {@link Pool.split} needs for parts of these sizes. */
export const splitBytes = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + aligned(size), 0);

const aligned = (bytes: number): number => Math.max(Math.ceil(bytes / ALIGNMENT), 1) * ALIGNMENT;

/** The next of 4 steps between powers of two. */
function sizeClass(bytes: number): number {
  if (bytes <= LEAST) return LEAST;
  const step = 2 ** Math.floor(Math.log2(bytes - 1)) / 4;
  return Math.ceil(bytes / step) * step;
}
