import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { normals, RUNS, runOurs, useWasm } from './harness.js';
import { dtypes, operand, shapes } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

const special: Operand = {
  values: Float32Array.of(NaN, Infinity, -Infinity, 0, -0, 1, -1, 1e-30, 1e30, 100, -100, 0.5),
  shape: [3, 4],
  dtype: 'float32',
};
const many: Operand = { values: normals(300, 1, 3), shape: [3, 100], dtype: 'float32' };

const numbers = fc.constantFrom('float32' as const, 'int32' as const);
const names = 'Relu Neg Square Sqrt Rsqrt Reciprocal Exp Log Log1p Floor Sigmoid Tanh Erf Abs'.split(' ');

describe.each(names)('%s', (name) => {
  it('gives the stock kernel’s numbers on any shape', () => {
    fc.assert(
      fc.property(shapes(0, 5), numbers, fc.nat(9), (shape, dtype, seed) => {
        expectSameAsStock(name, { x: operand(shape, dtype, seed) });
      }),
      RUNS,
    );
  });
  it('gives the stock kernel’s numbers', () => expectSameAsStock(name, { x: many }, {}, { tolerance: 1e-6 }));
  it('gives them for NaN, infinities and zeros', () => expectSameAsStock(name, { x: special }));
  it('keeps to the type of an int32 tensor', () => expectSameAsStock(name, { x: operand([7], 'int32', 2) }));
});

it('Step, ClipByValue and LogicalNot give the stock kernels’ bits on any shape', () => {
  const limits = fc.tuple(fc.float({ min: -2, max: 0, noNaN: true }), fc.float({ min: 0, max: 2, noNaN: true }));
  fc.assert(
    fc.property(shapes(0, 5), dtypes, limits, (shape, dtype, [clipValueMin, clipValueMax]) => {
      const x = operand(shape, dtype);
      const same = { tolerance: 0 };
      expectSameAsStock('Step', { x }, { alpha: clipValueMax }, same);
      expectSameAsStock('ClipByValue', { x }, { clipValueMin, clipValueMax }, same);
      expectSameAsStock('LogicalNot', { x: operand(shape, 'bool') }, {}, same);
    }),
    RUNS,
  );
});

it.each([0, 0.3])('Step is %f below zero', (alpha) => {
  expectSameAsStock('Step', { x: many }, { alpha });
  expectSameAsStock('Step', { x: special }, { alpha });
});

it('ClipByValue keeps NaN and cuts infinities', () => {
  const attrs = { clipValueMin: -0.5, clipValueMax: 0.75 };
  expectSameAsStock('ClipByValue', { x: many }, attrs);
  expectSameAsStock('ClipByValue', { x: special }, attrs);
});

it('LogicalNot turns bits round', () => expectSameAsStock('LogicalNot', { x: operand([3, 7], 'bool') }));

it('shares out tensors of several units', () =>
  expectSameAsStock('Relu', { x: operand([3, 66_667]) }, {}, { tolerance: 0 }));

/** erf(x) in float64: its power series, and from 2.5 on the continued fraction of its complement. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 2.5) {
    let [sum, term] = [a, a];
    for (let n = 1; n < 80; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

/** The distance of two neighbouring float32 at x. */
function ulp(x: number): number {
  const a = Math.abs(x);
  return a < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(a)) - 23);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe('an approximation is within 3 units in the last place of all float32', () => {
  // Every 21,407th float32: all exponents and signs, denormal numbers, infinities and NaN among them.
  const patterns = Uint32Array.from({ length: 200_633 }, (_, i) => i * 21_407);
  const limits = Float32Array.of(NaN, Infinity, -Infinity, 0, -0, 88.72, 88.73, -87.4, -103.9, -104, -1, 3.4e38, 1e-45);
  const x = Float32Array.from([...limits, ...new Float32Array(patterns.buffer)]);
  it.each<[string, (x: number) => number]>([
    ['Exp', Math.exp],
    ['Log', Math.log],
    ['Log1p', Math.log1p],
    ['Sigmoid', sigmoid],
    ['Tanh', Math.tanh],
    ['Erf', erf],
    ['Rsqrt', (v) => 1 / Math.sqrt(v)],
  ])('%s', (name, exact) => {
    const [y] = runOurs(name, { x: tf.tensor1d(x) });
    const wrong: number[][] = [];
    y!.forEach((value, i) => {
      const expected = exact(x[i]!);
      const same = Object.is(value, Math.fround(expected)) || Math.abs(value - expected) <= 3 * ulp(expected);
      if (!same) wrong.push([x[i]!, value, expected]);
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});
