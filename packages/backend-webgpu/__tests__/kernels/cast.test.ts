import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, run } from '../harness.js';

const FLOATS = [
  0,
  -0.9,
  1.5,
  -1.5,
  3e9,
  -3e9,
  5e20,
  NaN,
  Number.POSITIVE_INFINITY,
  2147483520,
  -2147483648,
  4294967296 + 512,
];

async function casted(values: number[], from: tf.DataType, to: tf.DataType): Promise<[tf.DataType, number[]]> {
  const y = run('Cast', { x: tf.tensor(values, [values.length], from) }, { dtype: to })[0]!;
  return [y.dtype, [...(await y.data<'float32'>())]];
}

describeGpu('Cast', () => {
  it('cuts floats to whole numbers as JavaScript does', async () => {
    expect(await casted(FLOATS, 'float32', 'int32')).toEqual([
      'int32',
      [...Int32Array.from(Float32Array.from(FLOATS))],
    ]);
  });

  it('floats other than 0 are true, NaN too', async () => {
    expect(await casted(FLOATS, 'float32', 'bool')).toEqual(['bool', FLOATS.map((v) => +(v !== 0))]);
  });

  it('turns whole numbers and bools into each other and into floats', async () => {
    expect(await casted([-7, 0, 3], 'int32', 'float32')).toEqual(['float32', [-7, 0, 3]]);
    expect(await casted([-7, 0, 3], 'int32', 'bool')).toEqual(['bool', [1, 0, 1]]);
    expect(await casted([1, 0], 'bool', 'float32')).toEqual(['float32', [1, 0]]);
    expect(await casted([1, 0], 'bool', 'int32')).toEqual(['int32', [1, 0]]);
    expect(await casted([1.5, 0], 'float32', 'float32')).toEqual(['float32', [1.5, 0]]);
  });

  it('reads a bool that became int32 as Int32Array', async () => {
    const y = run('Cast', { x: tf.tensor([1, 0], [2], 'bool') }, { dtype: 'int32' })[0]!;
    expect(await y.data()).toBeInstanceOf(Int32Array);
  });

  it('refuses other types', () => {
    expect(() => run('Cast', { x: tf.tensor([1]) }, { dtype: 'string' })).toThrow(
      /Cast: expected float32, int32 or bool/,
    );
  });
});
