import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, normals, run } from '../harness.js';

describeGpu('shape kernels', () => {
  it('Identity, Reshape and ExpandDims keep the elements', async () => {
    const values = normals(24, 1);
    const x = tf.tensor(values, [2, 3, 4]);
    const views: [string, object, object, number[]][] = [
      ['Identity', { x }, {}, [2, 3, 4]],
      ['Reshape', { x }, { shape: [4, -1] }, [4, 6]],
      ['ExpandDims', { input: x }, { dim: 1 }, [2, 1, 3, 4]],
      ['ExpandDims', { input: x }, { dim: -1 }, [2, 3, 4, 1]],
    ];
    const outputs = views.map(([name, inputs, attrs, shape]) => {
      const y = run(name, inputs as Record<string, tf.Tensor>, attrs)[0]!;
      expect(y.shape).toEqual(shape);
      return y;
    });
    x.dispose();
    for (const y of outputs) expect(await y.data()).toEqual(values);
  });

  it('say what shape they were given', () => {
    const x = tf.tensor(normals(24, 1), [2, 3, 4]);
    expect(() => run('Reshape', { x }, { shape: [5, 5] })).toThrow('Size(24) must match the product of shape 5,5');
    expect(() => run('ExpandDims', { input: x }, { dim: 5 })).toThrow('ExpandDims: expected an axis of -4 to 3, got 5');
  });
});
