import { beforeAll, describe, it } from 'vitest';
import { normals, useWasm } from './harness.js';
import { operand } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

beforeAll(useWasm);

const special: Operand = {
  values: Float32Array.of(NaN, Infinity, -Infinity, 0, -0, 1, -1, 1e-30, 1e30, 100, -100, 0.5),
  shape: [3, 4],
  dtype: 'float32',
};
const many: Operand = { values: normals(300, 1, 3), shape: [3, 100], dtype: 'float32' };

const names = 'Relu Neg Square Sqrt Rsqrt Reciprocal Exp Log Log1p Floor Sigmoid Tanh Erf Abs'.split(' ');

describe.each(names)('%s', (name) => {
  it('gives the stock kernel’s numbers', () => expectSameAsStock(name, { x: many }, {}, { tolerance: 1e-6 }));
  it('gives them for NaN, infinities and zeros', () => expectSameAsStock(name, { x: special }));
  it('keeps to the type of an int32 tensor', () => expectSameAsStock(name, { x: operand([7], 'int32', 2) }));
});

it.each([0, 0.3])('Step is %f below zero', async (alpha) => {
  await expectSameAsStock('Step', { x: many }, { alpha });
  await expectSameAsStock('Step', { x: special }, { alpha });
});

it('ClipByValue keeps NaN and cuts infinities', async () => {
  const attrs = { clipValueMin: -0.5, clipValueMax: 0.75 };
  await expectSameAsStock('ClipByValue', { x: many }, attrs);
  await expectSameAsStock('ClipByValue', { x: special }, attrs);
});

it('LogicalNot turns bits round', () => expectSameAsStock('LogicalNot', { x: operand([3, 7], 'bool') }));
