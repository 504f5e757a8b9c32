import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, normals, runOurs } from '../harness.js';

describeGpu('unary kernels', () => {
  it('Relu keeps what is above 0, and NaN', async () => {
    const x = normals(1000, 1);
    x[17] = NaN;
    const [y] = await runOurs('Relu', { x: tf.tensor(x, [10, 100]) });
    expect([...y!]).toEqual([...x].map((v) => (Number.isNaN(v) ? v : Math.max(v, 0))));
  });
});
