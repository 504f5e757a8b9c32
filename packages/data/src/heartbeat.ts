/** What a reader's thread counts, in memory that the waiting thread sees too. */
const BEATS = 0;
const WORKING = 1;
const KIBIBYTES = 2;
const LONGEST_MS = 3;

/**
 * How a reader's thread shows that it gets on: a number in memory that the waiting thread sees too. A slow machine makes the beats rarer,
 * a parser that goes in circles makes none.
 */
export class Heartbeat {
  readonly memory: SharedArrayBuffer;
  readonly #counts: Int32Array;

  constructor(memory = new SharedArrayBuffer(16)) {
    this.memory = memory;
    this.#counts = new Int32Array(memory);
  }

  /** Changes with every beat. */
  get count(): number {
    return Atomics.load(this.#counts, BEATS);
  }

  /** Whether the work is done, though its answer may still be on its way. */
  get resting(): boolean {
    return Atomics.load(this.#counts, WORKING) === 0;
  }

  /** How many bytes were read since the work began. */
  get bytes(): number {
    return 1024 * Atomics.load(this.#counts, KIBIBYTES);
  }

  /** How many milliseconds a step of this work may take beyond what any may. */
  get longest(): number {
    return Atomics.load(this.#counts, LONGEST_MS);
  }

  beat(bytes = 0): void {
    Atomics.add(this.#counts, KIBIBYTES, Math.ceil(bytes / 1024));
    Atomics.add(this.#counts, BEATS, 1);
  }

  expect(ms: number): void {
    Atomics.store(this.#counts, LONGEST_MS, Math.ceil(ms));
  }

  begin(): void {
    Atomics.store(this.#counts, KIBIBYTES, 0);
    this.expect(0);
    Atomics.store(this.#counts, WORKING, 1);
    this.beat();
  }

  end(): void {
    Atomics.store(this.#counts, WORKING, 0);
  }
}

let own: Heartbeat | undefined;

/** Gives this thread its heartbeat. */
export function setHeartbeat(heartbeat: Heartbeat): void {
  own = heartbeat;
}

/** Called by readers whenever they have got on, with the bytes they have read; on a thread that nobody watches, nothing. */
export const beat = (bytes?: number): void => own?.beat(bytes);

/** Called by readers before steps that cannot be interrupted and may take so many milliseconds each. */
export const expectSteps = (ms: number): void => own?.expect(ms);
