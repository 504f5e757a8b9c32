import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, normals, run, runOurs } from '../harness.js';

function softmax(x: Float32Array, width: number, log: boolean): number[] {
  return Array.from(x, (_, i) => {
    const row = x.slice(Math.floor(i / width) * width, Math.floor(i / width) * width + width);
    const largest = Math.max(...row);
    const sum = row.reduce((total, v) => total + Math.exp(v - largest), 0);
    return log ? x[i]! - largest - Math.log(sum) : Math.exp(x[i]! - largest) / sum;
  });
}

describeGpu('softmax kernels', () => {
  it.each([[[5, 1]], [[2, 3, 4, 5, 2]], [[300, 17]], [[70_000, 3]], [[7, 1000]], [[1, 5000]], [[9]]])(
    'of %j',
    async (shape) => {
      const width = shape.at(-1)!;
      const x = normals(
        shape.reduce((a, b) => a * b, 1),
        1,
        3,
      );
      const y = run('Softmax', { logits: tf.tensor(x, shape) }, { dim: -1 })[0]!;
      expect(y.shape).toEqual(shape);
      expectClose(await y.data(), softmax(x, width, false), 2e-6);
      const [logs] = await runOurs('LogSoftmax', { logits: tf.tensor(x, shape) }, { axis: shape.length - 1 });
      expectClose(logs!, softmax(x, width, true), 2e-6);
    },
  );

  it('does not overflow, and a row with NaN or an infinite maximum is NaN', async () => {
    const inf = Number.POSITIVE_INFINITY;
    const x = [1e4, 1e4, -1e4, 0, -inf, -200, NaN, 1, 2, inf, 0, 0, -inf, -inf, -inf];
    const [y] = await runOurs('Softmax', { logits: tf.tensor(x, [5, 3]) }, { dim: 1 });
    expect([...y!]).toEqual([0.5, 0.5, 0, 1, 0, 0, ...Array(9).fill(NaN)]);
    const [logs] = await runOurs('LogSoftmax', { logits: tf.tensor([1000, 0, -1e30]) }, { axis: 0 });
    expect([...logs!]).toEqual([0, -1000, Math.fround(-1e30)]);
  });

  it('refuses another axis', () => {
    const logits = tf.tensor(normals(6), [2, 3]);
    expect(() => run('Softmax', { logits }, { dim: 0 })).toThrow(
      'Softmax: expected float32 and the last axis, got float32 and axis 0',
    );
  });

  it('of no rows', async () => {
    const [y] = await runOurs('Softmax', { logits: tf.tensor([], [0, 3]) }, { dim: -1 });
    expect(y!.length).toBe(0);
  });
});
