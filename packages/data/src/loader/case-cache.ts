interface Entry<T> {
  reading: Promise<T>;
  /** Once it is read. */
  item?: T;
  users: number;
}

/** Keeps the cases used last, up to a number of bytes, and those in use. Two requests for a case that is being read share the reading. */
export class CaseCache<T> {
  readonly #limit: number;
  readonly #bytesOf: (item: T) => number;
  readonly #dropped: (item: T) => void;
  readonly #kept = new Map<string, Entry<T>>();

  /** @param dropped told of a case that is no longer kept, and that nobody uses */
  constructor(limit: number, bytesOf: (item: T) => number, dropped: (item: T) => void = () => {}) {
    this.#limit = limit;
    this.#bytesOf = bytesOf;
    this.#dropped = dropped;
  }

  /** Does some work with cases, which stay until it is done. */
  async use<R>(
    ids: readonly string[],
    read: (id: string) => Promise<T>,
    work: (items: T[]) => R | Promise<R>,
  ): Promise<R> {
    const entries = ids.map((id) => this.#enter(id, read));
    for (const entry of entries) entry.users++;
    try {
      return await work(await Promise.all(entries.map(({ reading }) => reading)));
    } finally {
      for (const entry of entries) entry.users--;
      this.#evict();
    }
  }

  #enter(id: string, read: (id: string) => Promise<T>): Entry<T> {
    const found = this.#kept.get(id);
    // A Map lists in order of insertion: put in again, the entry becomes the youngest.
    this.#kept.delete(id);
    const entry = found ?? { reading: read(id), users: 0 };
    this.#kept.set(id, entry);
    if (!found) {
      entry.reading.then(
        (item) => {
          entry.item = item;
          this.#evict();
        },
        // What failed is tried anew next time; the caller has the error.
        () => this.#kept.delete(id),
      );
    }
    return entry;
  }

  #evict(): void {
    let total = 0;
    for (const { item } of this.#kept.values()) if (item !== undefined) total += this.#bytesOf(item);
    for (const [id, { item, users }] of this.#kept) {
      if (total <= this.#limit) return;
      if (item === undefined || users > 0) continue;
      total -= this.#bytesOf(item);
      this.#kept.delete(id);
      this.#dropped(item);
    }
  }
}
