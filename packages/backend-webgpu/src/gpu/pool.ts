import { CrlnError } from '@crln/core';
import type { Device } from './device.js';
import { USAGE } from './flags.js';

/** A buffer of the pool. Its number stands for it in keys of caches, and is never used again. */
export interface Block {
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

/** What an allocation is for, for the message when memory runs out. */
export interface Purpose {
  kernel: string;
  shape: readonly number[];
}

const LEAST = 256;

/**
 * Buffers for tensors and scratch space, by sizes of four steps between powers of two, so that one that is let go of fits the next
 * tensor of about its size. One queue runs everything in its order, so a buffer may be reused at once.
 */
export class Pool {
  readonly #device: Device;
  readonly #free = new Map<number, Block[]>();
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

  release(block: Block): void {
    const list = this.#free.get(block.bytes);
    if (list) list.push(block);
    else this.#free.set(block.bytes, [block]);
    this.used -= block.bytes;
    this.blocks--;
  }

  #create(bytes: number): Block {
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
    const buffer = this.#device.gpu.createBuffer({ size: bytes, usage });
    this.allocated += bytes;
    return { id: ++this.#ids, buffer, bytes };
  }
}

/** The next of 4 steps between powers of two. */
export function sizeClass(bytes: number): number {
  if (bytes <= LEAST) return LEAST;
  const step = 2 ** Math.floor(Math.log2(bytes - 1)) / 4;
  return Math.ceil(bytes / step) * step;
}
