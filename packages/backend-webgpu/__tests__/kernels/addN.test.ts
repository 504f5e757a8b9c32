import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, runOurs } from '../harness.js';

describeGpu('AddN', () => {
  it.each([1, 2, 7, 8, 20])('adds %i tensors', async (count) => {
    const terms = Array.from({ length: count }, (_, i) => normals(33, i + 1));
    const [y] = await runOurs(
      'AddN',
      terms.map((term) => tf.tensor(term, [3, 11])),
    );
    expectClose(
      y!,
      terms[0]!.map((_, i) => terms.reduce((sum, term) => sum + term[i]!, 0)),
      1e-6,
    );
  });

  it('adds whole numbers', async () => {
    const [a, b] = [integers(9, -99, 99, 1), integers(9, -99, 99, 2)];
    const [y] = await runOurs('AddN', [tf.tensor(a, [9], 'int32'), tf.tensor(b, [9], 'int32')]);
    expect([...y!]).toEqual(Array.from(a, (v, i) => v + b[i]!));
  });
});
