/** Bytes of the largest small block: a tensor of 1024 numbers. */
export const SMALL = 4096 + 64;
/** Bytes of a slab. */
export const SLAB = 1 << 16;

/**
 * Blocks of whole multiples of 64 bytes up to {@link SMALL}, cut from slabs of blocks of one size. Most tensors are this small:
 * taking a block and freeing it cost a pop and a push, and none lies between large blocks, which can therefore join when they are free.
 */
export class SmallBlocks {
  /** Free blocks by their size in 64 bytes. */
  readonly #free: number[][] = Array.from({ length: SMALL / 64 + 1 }, () => []);
  /** Of all blocks, taken and free, by where they begin. */
  readonly #sizes = new Map<number, number>();
  #slabs = 0;
  #count = 0;
  #used = 0;

  get slabs(): number {
    return this.#slabs;
  }

  /** How many blocks are taken. */
  get count(): number {
    return this.#count;
  }

  /** Bytes in them. */
  get used(): number {
    return this.#used;
  }

  has(at: number): boolean {
    return this.#sizes.has(at);
  }

  /** Takes a block, or returns nothing where a slab has to be cut first. */
  take(bytes: number): number | undefined {
    const at = this.#free[bytes / 64]!.pop();
    if (at === undefined) return undefined;
    this.#count++;
    this.#used += bytes;
    return at;
  }

  /** Cuts a slab into blocks. */
  cut(slab: number, bytes: number): void {
    this.#slabs++;
    const free = this.#free[bytes / 64]!;
    for (let at = slab + SLAB - (SLAB % bytes) - bytes; at >= slab; at -= bytes) {
      this.#sizes.set(at, bytes);
      free.push(at);
    }
  }

  /** Gives a block back; returns its size. */
  free(at: number): number {
    const bytes = this.#sizes.get(at)!;
    this.#free[bytes / 64]!.push(at);
    this.#count--;
    this.#used -= bytes;
    return bytes;
  }
}
