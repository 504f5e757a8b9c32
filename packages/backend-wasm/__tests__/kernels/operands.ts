import fc from 'fast-check';
import { integers, normals } from './harness.js';
import type { Operand } from './stock.js';

/** Axis sizes on both sides of the loops' widths: 1, odd ones, and 17 channels. */
const SIZES = [1, 2, 3, 5, 17] as const;

const sizes = fc.constantFrom(...SIZES);

export const shapes = (minRank: number, maxRank: number): fc.Arbitrary<number[]> =>
  fc.array(sizes, { minLength: minRank, maxLength: maxRank }).filter((shape) => product(shape) <= 4000);

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const dtypes = fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const);

const kinds = {
  float32: normals,
  int32: (count: number, seed: number) => integers(count, -3, 4, seed),
  bool: (count: number, seed: number) => Uint8Array.from(integers(count, 0, 2, seed)),
};
/** The longest values made of each type and seed: shorter ones are their beginning. */
const longest = new Map<string, Operand['values']>();

/** Reproducible values of a type: normal floats, integers from −3 to 3, bits. */
export function operand(shape: number[], dtype: Operand['dtype'] = 'float32', seed = 0): Operand {
  const count = product(shape);
  const kind = `${dtype} ${seed}`;
  let values = longest.get(kind);
  if (!values || values.length < count) {
    values = kinds[dtype](Math.max(count, 4000), seed);
    longest.set(kind, values);
  }
  return { values: values.slice(0, count), shape, dtype };
}

/** Two shapes that broadcast together: axes set to 1 and leading axes dropped at random. */
export const broadcastShapes: fc.Arbitrary<[number[], number[]]> = shapes(0, 5).chain((shape) => {
  const operandShape = fc
    .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.nat(shape.length))
    .map(([ones, dropped]) => shape.map((size, i) => (ones[i] ? 1 : size)).slice(dropped));
  return fc.oneof(
    fc.tuple(operandShape, operandShape),
    fc.constant<[number[], number[]]>([shape, shape]),
    operandShape.map<[number[], number[]]>((other) => [shape, other]),
    operandShape.map<[number[], number[]]>((other) => [other, shape]),
  );
});
