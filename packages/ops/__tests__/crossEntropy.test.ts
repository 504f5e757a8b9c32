import { KERNELS } from '@crln/core';
import { confidenceCe, crossEntropySums, softmaxCrossEntropy } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, type Values } from './support/gradcheck.js';

function reference({ data }: Values, labels: readonly number[], classes: number, ignoreIndex: number): Float64Array {
  return Float64Array.from(labels, (label, v) => {
    if (label === ignoreIndex) return 0;
    const row = data.subarray(v * classes, (v + 1) * classes);
    return Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[label]!;
  });
}

describeBackends('softmaxCrossEntropy', (backend) => {
  it.each([
    [2, -1],
    [3, -1],
    [5, 0],
    [17, 255],
  ])('equals the float64 reference with its gradient: %s classes, ignore index %s', async (classes, ignoreIndex) => {
    const shape = [2, 3, 2, 2];
    const labels = Array.from({ length: 24 }, (_, v) => (v % 4 === 1 ? ignoreIndex : (v * 7) % classes));
    await check({
      backend,
      inputs: { logits: normals([...shape, classes]) },
      op: ({ logits }) =>
        tf.tidy(() => softmaxCrossEntropy(logits!, tf.tensor(labels, shape, 'int32'), { ignoreIndex })),
      reference: ({ logits }) => reference(logits!, labels, classes, ignoreIndex),
      kernels: [KERNELS.SoftmaxCrossEntropy, KERNELS.SoftmaxCrossEntropyGrad],
    });
  });

  it('neither overflows nor loses a large loss', async () => {
    await scoped(async () => {
      const logits = tf.tensor5d([1000, -1000, 500, 500], [1, 1, 1, 2, 2]);
      const labels = tf.tensor4d([1, 0], [1, 1, 1, 2], 'int32');
      const loss = await softmaxCrossEntropy(logits, labels).data();
      expect(loss[0]).toBe(2000);
      expect(loss[1]).toBeCloseTo(Math.LN2, 6);
    });
  });

  it('names both shapes where they do not fit', () => {
    tf.tidy(() => {
      expect(() => softmaxCrossEntropy(tf.zeros([1, 2, 2, 2, 3]), tf.zeros([1, 2, 2, 1], 'int32'))).toThrow(
        'expected labels [1, 2, 2, 2], got [1, 2, 2, 1]',
      );
    });
  });
});

describeBackends('crossEntropySums', (backend) => {
  it.each([
    [1, -1],
    [2, -1],
    [3, 255],
    [5, 0],
  ])(
    "adds up each sample's losses with their gradient, and counts: %s classes, ignore index %s",
    async (classes, ignoreIndex) => {
      const shape = [3, 3, 1, 2];
      const labels = Array.from({ length: 18 }, (_, v) => (v % 4 === 1 ? ignoreIndex : (v * 7) % classes));
      await check({
        backend,
        inputs: { logits: normals([...shape, classes]) },
        op: ({ logits }) =>
          tf.tidy(() => crossEntropySums(logits!, tf.tensor(labels, shape, 'int32'), { ignoreIndex })),
        reference: ({ logits }) => {
          const losses = reference(logits!, labels, classes, ignoreIndex);
          return [0, 1, 2].flatMap((n) => {
            const mine = losses.subarray(6 * n, 6 * n + 6);
            const known = labels.slice(6 * n, 6 * n + 6).filter((label) => label !== ignoreIndex);
            return [mine.reduce((a, b) => a + b, 0), mine.filter((loss) => loss > 2 ** -24).length, known.length];
          });
        },
        kernels: [KERNELS.CrossEntropySums, KERNELS.CrossEntropySumsGrad],
      });
    },
  );

  it('counts a loss as positive from what float32 tells from certainty on', async () => {
    await scoped(async () => {
      const logits = tf.tensor3d([0, 16, 0, 17, 0, 0, 30, 0], [1, 4, 2]);
      const [, positive, counted] = await crossEntropySums(logits, tf.tensor2d([1, 1, 1, 0], [1, 4], 'int32')).data();
      expect([positive, counted]).toEqual([2, 4]); // e^−16 > 2^−24 > e^−17
    });
  });

  it('names both shapes where they do not fit', () => {
    tf.tidy(() => {
      expect(() => crossEntropySums(tf.zeros([1, 4, 3]), tf.zeros([1, 3], 'int32'))).toThrow(
        'expected labels [1, 4], got [1, 3]',
      );
    });
  });
});

describeBackends('confidenceCe', (backend) => {
  it.each([2, 3, 17])('weighs each sample by how sure it is, with its gradient: %s classes', async (classes) => {
    const shape = [3, 3, 2, 2];
    const labels = Array.from({ length: 36 }, (_, v) => (v % 4 === 1 || v < 6 ? -1 : (v * 7) % classes));
    // All of sample 2 is unsure.
    const confidence = labels.map((_, v) => (v < 24 ? 0.9 + (v % 3) / 20 : 0.5));
    await check({
      backend,
      inputs: { logits: normals([...shape, classes]) },
      op: ({ logits }) =>
        tf.tidy(() => {
          const options = { threshold: 0.95, ignoreIndex: -1 };
          return confidenceCe(logits!, tf.tensor(labels, shape, 'int32'), tf.tensor(confidence, shape), options);
        }),
      reference: ({ logits }) => {
        const losses = reference(logits!, labels, classes, -1);
        const positive = losses.filter((loss) => loss > 2 ** -24).length;
        let sum = 0;
        for (const n of [0, 1, 2]) {
          const of = <T>(all: ArrayLike<T>) => Array.from(all).slice(12 * n, 12 * (n + 1));
          const sure = of(confidence).filter((value) => Math.fround(value) >= Math.fround(0.95)).length;
          const counted = of(labels).filter((label) => label !== -1).length;
          sum += ((sure / counted) * of(losses).reduce((a, b) => a + b, 0)) / positive;
        }
        return [sum];
      },
      kernels: backend === 'webgpu' ? [KERNELS.ConfidenceCe, KERNELS.CrossEntropySumsGrad] : [],
    });
  });
});
