import { KERNELS } from '@crln/core';
import { infoNce } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, tensorOf, type Values } from './support/gradcheck.js';

const rowOf = ({ shape, data }: Values, row: number) => data.subarray(row * shape[1]!, (row + 1) * shape[1]!);

function cosine(a: Float64Array, b: Float64Array): number {
  const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describeBackends('infoNce', (backend) => {
  it.each([
    { width: 2, positives: 1, share: 3, list: 1, temperature: 0.5 },
    { width: 3, positives: 2, share: 1, list: 5, temperature: 1 },
    { width: 5, positives: 2, share: 3, list: 17, temperature: 0.5 },
    { width: 16, positives: 3, share: 2, list: 33, temperature: 0.2 },
    { width: 17, positives: 4, share: 1, list: 4, temperature: 2 },
  ])('equals the float64 reference with its gradient: %o', async ({ width, positives, share, list, temperature }) => {
    const count = positives * share;
    const [p, rows] = [normals([positives, width], 2), normals([7, width], 3)];
    const negatives = Int32Array.from({ length: count * list }, (_, i) => (i * 5) % 7);
    await check({
      backend,
      inputs: { anchors: normals([count, width]) },
      op: ({ anchors }) =>
        tf.tidy(() =>
          infoNce(
            anchors!,
            { positives: tensorOf(p), rows: tensorOf(rows), negatives: tf.tensor2d(negatives, [count, list]) },
            { temperature },
          ),
        ),
      reference: ({ anchors }) =>
        Float64Array.from({ length: count }, (_, a) => {
          const anchor = rowOf(anchors!, a);
          const own = cosine(anchor, rowOf(p, Math.floor(a / share))) / temperature;
          const others = negatives.subarray(a * list, (a + 1) * list);
          const sum = others.reduce((s, k) => s + Math.exp(cosine(anchor, rowOf(rows, k)) / temperature - own), 0);
          return Math.log1p(sum);
        }),
      kernels: [KERNELS.InfoNce],
      tolerance: 5e-5,
    });
  });

  it('is ln(K + 1) between equals, and finite with its gradient at 0', async () => {
    await scoped(async () => {
      const pairs = { positives: tf.ones([1, 2]), rows: tf.ones([1, 2]), negatives: tf.zeros([2, 6], 'int32') };
      const { value, grad } = tf.valueAndGrad((anchors: tf.Tensor) => infoNce(anchors, pairs))(
        tf.tensor2d([3, 3, 0, 0], [2, 2]),
      );
      for (const loss of await value.data()) expect(loss).toBeCloseTo(Math.log(7), 5);
      expect([...(await grad.data())].every(Number.isFinite)).toBe(true);
    });
  });

  it('gives positives and rows no gradient', () => {
    tf.tidy(() => {
      const anchors = tensorOf(normals([2, 3]));
      const negatives = tf.zeros([2, 4], 'int32');
      const of = (rows: tf.Tensor) => infoNce(anchors, { positives: rows, rows, negatives });
      expect(() => tf.grad(of)(tf.ones([2, 3]))).toThrow('Cannot compute gradient');
    });
  });

  it('names what does not fit', () => {
    tf.tidy(() => {
      const pairs = { positives: tf.ones([2, 3]), rows: tf.ones([5, 3]), negatives: tf.zeros([3, 4], 'int32') };
      expect(() => infoNce(tf.ones([3, 3]), pairs)).toThrow('infoNce: 2 positives cannot serve 3 anchors alike');
      expect(() => infoNce(tf.ones([4, 3]), pairs)).toThrow('expected negatives [4, K], got [3, 4]');
      const fitting = { ...pairs, positives: tf.ones([1, 3]) };
      expect(() => infoNce(tf.ones([3, 3]), fitting, { temperature: 0 })).toThrow('temperature must be > 0, got 0');
    });
  });
});
