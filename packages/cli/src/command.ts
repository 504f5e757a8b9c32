import type { ArgsDef } from 'citty';
import type { Io } from './io.js';

/** What a command gets: its checked arguments, and how to speak. */
export interface Context {
  args: Args;
  io: Io;
  /** A line of the result for people; silent with `--json`. */
  print(line?: string): void;
  /** A line about the work, on standard error; silent with `--json`. */
  note(line: string): void;
}

/** One sub-command, a file each. */
export interface Command {
  meta: { name: string; description: string };
  args: ArgsDef;
  /** Shown by `--help`, one a line. */
  examples: readonly string[];
  /** @returns what `--json` prints */
  run(context: Context): Promise<unknown>;
}

/** Wrong usage of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Arguments by name, checked against their definitions. */
export class Args {
  readonly #values: Readonly<Record<string, string | boolean | string[] | undefined>>;

  constructor(values: Readonly<Record<string, string | boolean | string[] | undefined>>) {
    this.#values = values;
  }

  /** A text, or undefined where it is not given. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** A text whose definition says `required`. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`--${name} is missing`);
    return value;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Every value of a flag that may be repeated. */
  all(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value : typeof value === 'string' ? [value] : [];
  }

  /** @throws UsageError for anything but a number within the limits */
  number(name: string, limits: { min?: number; max?: number; whole?: boolean } = {}): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    const { min = -Infinity, max = Infinity, whole = false } = limits;
    if (
      text.trim() === '' ||
      !Number.isFinite(value) ||
      value < min ||
      value > max ||
      (whole && !Number.isInteger(value))
    ) {
      const kind = whole ? 'a whole number' : 'a number';
      const range = [min > -Infinity ? `>= ${min}` : '', max < Infinity ? `<= ${max}` : '']
        .filter(Boolean)
        .join(' and ');
      throw new UsageError(`--${name}: expected ${kind}${range && ` ${range}`}, got '${text}'`);
    }
    return value;
  }

  /** Whole numbers separated by commas: `32,32,16`. @throws UsageError for another count */
  numbers(name: string, count: number, limits: { min?: number } = {}): number[] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const values = text.split(',').map(Number);
    const { min = 0 } = limits;
    if (values.length !== count || !values.every((v) => Number.isInteger(v) && v >= min)) {
      throw new UsageError(`--${name}: expected ${count} whole numbers >= ${min} separated by commas, got '${text}'`);
    }
    return values;
  }
}
