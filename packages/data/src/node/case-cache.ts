import type { Case } from '../types.js';

const bytesOf = ({ image, label }: Case): number => image.data.byteLength + (label?.data.byteLength ?? 0);

/** Keeps the cases used last, up to a number of bytes. Two requests for a case that is being read share the reading. */
export class CaseCache {
  readonly #limit: number;
  readonly #kept = new Map<string, { reading: Promise<Case>; bytes: number }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(id: string, read: () => Promise<Case>): Promise<Case> {
    const found = this.#kept.get(id);
    // A Map lists in order of insertion: put in again, the entry becomes the youngest.
    this.#kept.delete(id);
    const entry = found ?? { reading: read(), bytes: 0 };
    this.#kept.set(id, entry);
    if (!found) {
      entry.reading.then(
        (item) => {
          entry.bytes = bytesOf(item);
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
