/**
 * What main thread and workers share of a kernel call: a few words of the WebAssembly memory.
 *
 * TICKET holds `job number << 13 | next unit`. A thread takes a unit by adding 1 to it and reading what was there. Only then does it
 * read the job: while a unit that it took is not finished, the job stays. A thread that comes late may take a number past the last
 * unit, or of a job that is being written (CLOSED), and sees so because the ticket's job number or the count of units says it.
 */
export const TICKET = 0;
/** Units of the job. */
export const UNITS = 1;
/** How many of them are finished; the main thread sleeps on it. */
export const FINISHED = 2;
/** Which kernel, as a place in the list of names. */
export const KERNEL = 3;
/** How many arguments. */
export const COUNT = 4;
/** Not 0 when a kernel failed in a worker. */
export const FAILED = 5;
/** Jobs published; workers sleep on it. */
export const PUBLISHED = 6;
/** Number of the job's first unit. */
export const FIRST = 7;
/** Units that workers ever did. */
export const HELPED = 8;

export const UNIT_BITS = 13;
const UNIT_MASK = (1 << UNIT_BITS) - 1;
/** A unit that no job has: jobs have fewer units, and there is room above for those who come late. */
export const CLOSED = 1 << (UNIT_BITS - 1);
export const JOB_MASK = (1 << (31 - UNIT_BITS)) - 1;

/** Bytes: the words, then the arguments as float64. */
const ARGUMENTS = 64;
export const MAX_ARGUMENTS = 40;
export const CONTROL_BYTES = ARGUMENTS + 8 * MAX_ARGUMENTS;

/** What a worker is started with. */
export interface WorkerStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Where the control words lie. */
  control: number;
  /** Kernels by number. */
  names: string[];
  /** 1, 2, …; the main thread is 0. */
  thread: number;
}

type Kernel = (...values: number[]) => void;

/** A thread's side of the protocol: takes units of the current job until there are none. */
export class Crew {
  readonly words: Int32Array;
  readonly arguments: Float64Array;
  readonly #kernels: Kernel[];

  constructor(
    memory: WebAssembly.Memory,
    control: number,
    kernels: Kernel[],
    readonly thread: number,
  ) {
    this.words = new Int32Array(memory.buffer, control, ARGUMENTS / 4);
    this.arguments = new Float64Array(memory.buffer, control + ARGUMENTS, MAX_ARGUMENTS);
    this.#kernels = kernels;
  }

  /** Works until the job has no unit left to take. */
  work(): void {
    const { words, thread } = this;
    for (;;) {
      const ticket = Atomics.add(words, TICKET, 1);
      const unit = ticket & UNIT_MASK;
      const units = Atomics.load(words, UNITS);
      // Past the end, or the job ended between the two loads and another is being written.
      if (unit >= units || Atomics.load(words, TICKET) >>> UNIT_BITS !== ticket >>> UNIT_BITS) return;
      try {
        const values = this.arguments.subarray(0, words[COUNT]);
        const at = words[FIRST]! + unit;
        this.#kernels[words[KERNEL]!]!(...values, at, at + 1, thread);
      } catch {
        Atomics.store(words, FAILED, 1);
      }
      if (thread !== 0) Atomics.add(words, HELPED, 1);
      if (Atomics.add(words, FINISHED, 1) + 1 === units && thread !== 0) Atomics.notify(words, FINISHED);
    }
  }
}
