/**
 * How a reader's thread shows that it gets on: a number in memory that the waiting thread sees too. A slow machine makes the beats rarer,
 * a parser that goes in circles makes none.
 */
export class Heartbeat {
  readonly memory: SharedArrayBuffer;
  readonly #beats: Int32Array;

  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#beats = new Int32Array(memory);
  }

  /** Changes with every beat. */
  get count(): number {
    return Atomics.load(this.#beats, 0);
  }

  /** Whether the work is done, though its answer may still be on its way. */
  get resting(): boolean {
    return Atomics.load(this.#beats, 1) === 0;
  }

  beat(): void {
    Atomics.add(this.#beats, 0, 1);
  }

  begin(): void {
    Atomics.store(this.#beats, 1, 1);
    this.beat();
  }

  end(): void {
    Atomics.store(this.#beats, 1, 0);
  }
}

let own: Heartbeat | undefined;

/** Gives this thread its heartbeat. */
export function setHeartbeat(heartbeat: Heartbeat): void {
  own = heartbeat;
}

/** Called by readers whenever they have got on; on a thread that nobody watches, nothing. */
export const beat = (): void => own?.beat();
