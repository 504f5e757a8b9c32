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

/** Reproducible values of a type: normal floats, integers from −3 to 3, bits. */
export function operand(shape: number[], dtype: Operand['dtype'] = 'float32', seed = 0): Operand {
  const count = product(shape);
  const values =
    dtype === 'float32'
      ? normals(count, seed)
      : dtype === 'int32'
        ? integers(count, -3, 4, seed)
        : Uint8Array.from(integers(count, 0, 2, seed));
  return { values, shape, dtype };
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
