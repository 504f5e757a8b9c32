import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs } from '../harness.js';

describeGpu('Select', () => {
  const [t, e] = [normals(60, 1), normals(60, 2)];
  const choice = integers(60, 0, 2, 3);

  it.each([[[60]], [[4, 3, 5]], [[1, 2, 5, 3, 2]]])('picks from tensors of shape %j', async (shape) => {
    const condition = tf.tensor(choice, shape, 'bool');
    const [y] = await runOurs('Select', { condition, t: tf.tensor(t, shape), e: tf.tensor(e, shape) });
    expect([...y!]).toEqual(Array.from(t, (v, i) => (choice[i] ? v : e[i]!)));
  });

  it('takes NaN on the side that is not picked for nothing', async () => {
    const condition = tf.tensor([1, 0], [2], 'bool');
    const [y] = await runOurs('Select', { condition, t: tf.tensor([1, NaN]), e: tf.tensor([NaN, 2]) });
    expect([...y!]).toEqual([1, 2]);
  });

  it('goes by the first axis where the condition has one', async () => {
    const condition = tf.tensor([1, 0, 1, 0], [4], 'bool');
    const [y] = await runOurs('Select', { condition, t: tf.tensor(t, [4, 5, 3]), e: tf.tensor(e, [4, 5, 3]) });
    expect([...y!]).toEqual(Array.from(t, (v, i) => (Math.floor(i / 15) % 2 === 0 ? v : e[i]!)));
  });

  it('makes floats of whole numbers and floats, and keeps whole numbers', async () => {
    const condition = () => tf.tensor([1, 0], [2], 'bool');
    const mixed = run('Select', {
      condition: condition(),
      t: tf.tensor([7, 8], [2], 'int32'),
      e: tf.tensor([0.5, 1.5]),
    })[0]!;
    expect([mixed.dtype, ...(await mixed.data())]).toEqual(['float32', 7, 1.5]);
    const whole = { t: tf.tensor([7, 8], [2], 'int32'), e: tf.tensor([1, 2], [2], 'int32') };
    const ints = run('Select', { condition: condition(), ...whole })[0]!;
    expect([ints.dtype, ...(await ints.data())]).toEqual(['int32', 7, 2]);
  });

  it('serves tf.where with broadcasting', async () => {
    const y = tf.where(tf.tensor([true, false], [2, 1]), tf.tensor([1, 2, 3]), tf.scalar(0));
    expect([...(await y.data())]).toEqual([1, 2, 3, 0, 0, 0]);
  });
});
