import { CrlnError, nearest } from '@crln/core';

/** What one field of a record, or one option, may be. */
export interface Field {
  /** In words, for messages. */
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}
/** One field for every key of T but its `type`. */
export type FieldsOf<T> = { readonly [K in Exclude<keyof T, 'type'>]-?: Field };

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const listOf = (value: unknown, length: number, each: (item: number) => boolean): boolean =>
  Array.isArray(value) && value.length === length && value.every((item) => isNumber(item) && each(item));
const isWhole = (least: number) => (value: number) => Number.isInteger(value) && value >= least && value < 2 ** 31;
const isAxis = (value: unknown): boolean => value === 0 || value === 1 || value === 2;

export const field = {
  number: { expected: 'a number', holds: isNumber },
  boolean: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  seed: { expected: 'a whole number of 32 bits', holds: (value) => isNumber(value) && (value | 0) === value },
  classIndex: {
    expected: 'a whole number from 0 to 255',
    holds: (value) => isNumber(value) && isWhole(0)(value) && value <= 255,
  },
  numbers: { expected: 'three numbers', holds: (value) => listOf(value, 3, () => true) },
  positives: { expected: 'three numbers > 0', holds: (value) => listOf(value, 3, (x) => x > 0) },
  deviations: { expected: 'three numbers >= 0', holds: (value) => listOf(value, 3, (x) => x >= 0) },
  position: { expected: 'three whole numbers >= 0', holds: (value) => listOf(value, 3, isWhole(0)) },
  sides: { expected: 'three whole numbers >= 1', holds: (value) => listOf(value, 3, isWhole(1)) },
  axes: {
    expected: 'a list of different axes out of 0, 1, 2',
    holds: (value) => Array.isArray(value) && value.every(isAxis) && new Set(value).size === value.length,
  },
  plane: {
    expected: 'two different axes out of 0, 1, 2',
    holds: (value) => listOf(value, 2, isAxis) && (value as number[])[0] !== (value as number[])[1],
  },
  probability: { expected: 'a number from 0 to 1', holds: (value) => isNumber(value) && value >= 0 && value <= 1 },
} as const satisfies Record<string, Field>;

/** A number of at least `least`, or above it where `open`. */
export const numberFrom = (least: number, open = false): Field => ({
  expected: `a number ${open ? '>' : '>='} ${least}`,
  holds: (value) => isNumber(value) && (open ? value > least : value >= least),
});
export const wholeFrom = (least: number, most: number): Field => ({
  expected: `a whole number from ${least} to ${most}`,
  holds: (value) => isNumber(value) && isWhole(least)(value) && value <= most,
});
export const oneOf = (...choices: readonly (string | number)[]): Field => ({
  expected: `one of ${choices.join(', ')}`,
  holds: (value) => choices.includes(value as string | number),
});
export const orNull = (what: Field): Field => ({
  expected: `${what.expected}, or null`,
  holds: (value) => value === null || what.holds(value),
});
export const either = (a: Field, b: Field): Field => ({
  expected: `${a.expected}, or ${b.expected}`,
  holds: (value) => a.holds(value) || b.holds(value),
});
/** [low, high] with least <= low <= high, of which an option's value is drawn; `open`: least < low. */
export const rangeFrom = (least: number, open = false): Field => ({
  expected: `[low, high] with ${least === -Infinity ? '' : `${least} ${open ? '<' : '<='} `}low <= high`,
  holds: (value) =>
    listOf(value, 2, (x) => (open ? x > least : x >= least)) && (value as number[])[0]! <= (value as number[])[1]!,
});

/** A value in a message: also one that JSON has no form for. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? `'${value}'` : value === undefined ? 'nothing' : String(value);
}

function checkFields(
  value: unknown,
  fields: Readonly<Record<string, Field>>,
  name: string,
  required: readonly string[],
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CrlnError('invalid-option', `${name}: expected an object, got ${shown(value)}`, { name, value });
  }
  const given = value as Readonly<Record<string, unknown>>;
  const known = Object.keys(fields);
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const hint = nearest(key, known);
    throw new CrlnError(
      'unknown-option',
      `${name}: there is no '${key}'${hint === undefined ? '; it has no fields' : `; did you mean '${hint}'? It has ${known.join(', ')}`}`,
      { name, field: key, known, nearest: hint },
    );
  }
  for (const key of known) {
    const { expected, holds } = fields[key]!;
    if (holds(given[key]) || (given[key] === undefined && !required.includes(key))) continue;
    throw new CrlnError('invalid-option', `${name}: ${key} must be ${expected}, got ${shown(given[key])}`, {
      name,
      field: key,
      value: given[key],
    });
  }
}

/**
 * A record must have all of its fields, and no other.
 *
 * @throws `CrlnError` `unknown-option` naming the field and the nearest known one; `invalid-option` naming what it must be
 */
export function checkRecord<R extends { readonly type: string }>(
  record: R,
  type: R['type'],
  fields: FieldsOf<R>,
): void {
  checkFields(record, { type: oneOf(type), ...fields }, `${type} record`, ['type', ...Object.keys(fields)]);
}

/** Options but those of `required` may be left out. @throws `CrlnError` as {@link checkRecord} */
export function checkOptions<O extends object>(
  options: O,
  fields: FieldsOf<O>,
  name: string,
  required: readonly (keyof O & string)[] = [],
): void {
  checkFields(options, fields, name, required);
}
