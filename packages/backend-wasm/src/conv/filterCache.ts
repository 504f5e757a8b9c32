import type { Heap, Purpose } from '../heap.js';

/** What all kept filters may take together. Those of a V-Net with 16 base filters and four levels, the published one, take 80 MiB. */
const BUDGET = 96 << 20;
/**
 * A filter is kept from this ask on. Training asks up to six times for a version (pseudo-labels, two passes of the student, either computed
 * again, the rectifier's) before the optimizer replaces it, and needs its memory for activations; inference asks once a window.
 */
const PATIENCE = 8;
/** Bytes of the smallest block that is looked for: smaller ones are made in the time of a look. */
const LEAST = 1 << 16;

/** What a layout begins with, so that no two kernels' layouts are alike. */
export const WINOGRAD = 0;
export const PACKED = 1;

/** A filter's values in the layout of one kernel. */
export interface FilterLayout {
  /** What stands for the filter's values, which never change: its tensor's dataId. Without it nothing is kept. */
  version: object | undefined;
  /** Names the layout among all layouts of these values. */
  layout: readonly number[];
  bytes: number;
  purpose: Purpose;
}

interface Entry {
  asks: number;
  /** When it was last asked for. */
  asked: number;
  /** By which kernel call. */
  call: number;
  /** Where it lies while it is kept. */
  at: number | undefined;
  bytes: number;
}

/**
 * Filters as kernels want them (transformed, packed), kept in the shared memory for the next call with the same filter and freed with
 * the filter's tensor, or where memory runs out.
 */
export class FilterCache {
  readonly #versions = new WeakMap<object, Map<string, Entry>>();
  /** What is kept, least recently asked for first. */
  readonly #kept = new Set<Entry>();
  #bytes = 0;
  #clock = 0;
  /**
   * Kept filters go before the memory grows: for training, whose filters' next versions make them useless, and whose peak an evaluation in
   * between must not raise.
   */
  yielding = false;

  constructor(
    readonly heap: Heap,
    readonly budget = BUDGET,
  ) {
    heap.spare = (last) => (last || this.yielding) && this.#spare();
  }

  /** How many blocks are kept. */
  get blocks(): number {
    return this.#kept.size;
  }

  /** Bytes in them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where the filter lies in this layout, until the end of the kernel call at least; `make` writes it where it is not kept. */
  place(wanted: FilterLayout, make: (at: number) => void): number {
    const { version, layout, bytes, purpose } = wanted;
    const entry = version && bytes >= LEAST ? this.#entry(version, layout.join()) : undefined;
    const before = entry?.asked ?? 0;
    if (entry) {
      entry.asks++;
      entry.asked = ++this.#clock;
      entry.call = this.heap.calls;
      if (entry.at !== undefined) {
        this.#kept.delete(entry);
        this.#kept.add(entry);
        return entry.at;
      }
    }
    const at = this.heap.take(bytes, purpose);
    make(at);
    if (entry && entry.asks >= PATIENCE && this.#makeRoom(bytes, before)) {
      this.heap.retain(at);
      Object.assign(entry, { at, bytes });
      this.#kept.add(entry);
      this.#bytes += bytes;
    }
    return at;
  }

  /** Frees all that is kept of a filter. */
  forget(version: object): void {
    const layouts = this.#versions.get(version);
    if (!layouts) return;
    this.#versions.delete(version);
    for (const entry of layouts.values()) this.#drop(entry);
  }

  #entry(version: object, layout: string): Entry {
    let layouts = this.#versions.get(version);
    if (!layouts) {
      layouts = new Map();
      this.#versions.set(version, layouts);
    }
    let entry = layouts.get(layout);
    if (!entry) {
      entry = { asks: 0, asked: 0, call: 0, at: undefined, bytes: 0 };
      layouts.set(layout, entry);
    }
    return entry;
  }

  /**
   * Frees what was asked for least recently until there is room, but nothing that was asked for since the newcomer was: of a network whose
   * filters do not all fit, some stay, where otherwise each would go right before its turn comes. So nothing goes that the call
   * under way uses.
   */
  #makeRoom(bytes: number, newcomer: number): boolean {
    let room = this.budget - this.#bytes;
    const leaving: Entry[] = [];
    for (const entry of this.#kept) {
      if (room >= bytes || entry.asked >= newcomer) break;
      leaving.push(entry);
      room += entry.bytes;
    }
    if (room < bytes) return false;
    for (const entry of leaving) this.#drop(entry);
    return true;
  }

  /** Frees what was asked for least recently, unless the call under way uses it, and so all the others. */
  #spare(): boolean {
    const [entry] = this.#kept;
    if (!entry || entry.call === this.heap.calls) return false;
    this.#drop(entry);
    return true;
  }

  #drop(entry: Entry): void {
    if (entry.at === undefined) return;
    this.heap.release(entry.at);
    entry.at = undefined;
    this.#kept.delete(entry);
    this.#bytes -= entry.bytes;
  }
}
