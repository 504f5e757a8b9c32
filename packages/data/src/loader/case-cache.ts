/** Keeps the cases used last, up to a number of bytes. Two requests for a case that is being read share the reading. */
export class CaseCache<T> {
  readonly #limit: number;
  readonly #bytesOf: (item: T) => number;
  readonly #kept = new Map<string, { reading: Promise<T>; bytes: number }>();

  constructor(limit: number, bytesOf: (item: T) => number) {
    this.#limit = limit;
    this.#bytesOf = bytesOf;
  }

  get(id: string, read: () => Promise<T>): Promise<T> {
    const found = this.#kept.get(id);
    // A Map lists in order of insertion: put in again, the entry becomes the youngest.
    this.#kept.delete(id);
    const entry = found ?? { reading: read(), bytes: 0 };
    this.#kept.set(id, entry);
    if (!found) {
      entry.reading.then(
        (item) => {
          entry.bytes = this.#bytesOf(item);
          this.#evict();
        },
        // What failed is tried anew next time; the caller has the error.
        () => this.#kept.delete(id),
      );
    }
    return entry.reading;
  }

  #evict(): void {
    let total = 0;
    for (const { bytes } of this.#kept.values()) total += bytes;
    for (const [id, { bytes }] of this.#kept) {
      if (total <= this.#limit) return;
      if (bytes === 0) continue;
      total -= bytes;
      this.#kept.delete(id);
    }
  }
}
