/** The bin of a size: octaves cut in eight, so that the blocks of a bin differ by at most an eighth. */
function binOf(bytes: number): number {
  const lines = bytes / 64;
  const octave = 31 - Math.clz32(lines);
  return (octave << 3) + (((lines - (1 << octave)) << 3) >> octave);
}

/**
 * Which parts of an address range are taken: best fit by size bins, free neighbours joined at once. Addresses and sizes are whole
 * multiples of 64 bytes. A loop that takes and frees the same sizes finds the same blocks again, so it does not grow.
 */
export class Blocks {
  readonly #taken = new Map<number, number>();
  /** Free blocks: size by start, start by end. */
  readonly #free = new Map<number, number>();
  readonly #ends = new Map<number, number>();
  readonly #bins: Set<number>[] = [];
  #end: number;
  #used = 0;

  constructor(base: number) {
    this.#end = base;
  }

  get used(): number {
    return this.#used;
  }

  get count(): number {
    return this.#taken.size;
  }

  /** Bytes of the free block that ends the range. */
  get freeAtEnd(): number {
    const start = this.#ends.get(this.#end);
    return start === undefined ? 0 : this.#end - start;
  }

  has(at: number): boolean {
    return this.#taken.has(at);
  }

  /** The range goes on for `bytes` more. */
  extend(bytes: number): void {
    const at = this.#end;
    this.#end += bytes;
    if (bytes > 0) this.#join(at, bytes);
  }

  /** Takes a block, or returns nothing where none is large enough. */
  take(bytes: number): number | undefined {
    const at = this.#find(bytes);
    if (at === undefined) return undefined;
    const size = this.#free.get(at)!;
    this.#remove(at, size);
    if (size > bytes) this.#add(at + bytes, size - bytes);
    this.#taken.set(at, bytes);
    this.#used += bytes;
    return at;
  }

  /** Gives a block back; returns its size. */
  free(at: number): number {
    const bytes = this.#taken.get(at)!;
    this.#taken.delete(at);
    this.#used -= bytes;
    this.#join(at, bytes);
    return bytes;
  }

  #find(bytes: number): number | undefined {
    const first = binOf(bytes);
    let best: number | undefined;
    let bestSize = Infinity;
    for (const at of this.#bins[first] ?? []) {
      const size = this.#free.get(at)!;
      if (size === bytes) return at;
      if (size > bytes && size < bestSize) [best, bestSize] = [at, size];
    }
    for (let bin = first + 1; best === undefined && bin < this.#bins.length; bin++) {
      best = this.#bins[bin]?.values().next().value;
    }
    return best;
  }

  #join(at: number, bytes: number): void {
    const before = this.#ends.get(at);
    const after = this.#free.get(at + bytes);
    let start = at;
    let size = bytes;
    if (after !== undefined) {
      this.#remove(at + bytes, after);
      size += after;
    }
    if (before !== undefined) {
      this.#remove(before, at - before);
      start = before;
      size += at - before;
    }
    this.#add(start, size);
  }

  #add(at: number, bytes: number): void {
    this.#free.set(at, bytes);
    this.#ends.set(at + bytes, at);
    const bin = binOf(bytes);
    this.#bins[bin] ??= new Set();
    this.#bins[bin].add(at);
  }

  #remove(at: number, bytes: number): void {
    this.#free.delete(at);
    this.#ends.delete(at + bytes);
    this.#bins[binOf(bytes)]!.delete(at);
  }
}
