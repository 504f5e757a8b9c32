import { KERNELS } from '@crln/core';
import { pseudoLabels } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, ownKernels, scoped } from './support/backends.js';
import { normals, tensorOf } from './support/gradcheck.js';

describeBackends('pseudoLabels', (backend) => {
  const own = ownKernels(backend);
  const shape = [2, 3, 1, 4];

  it.each([1, 2, 3, 5, 17])('are the most probable class and its probability: %s classes', async (classes) => {
    const before = tf.memory().numTensors;
    own?.reset();
    const logits = tensorOf(normals([...shape, classes])) as tf.Tensor5D;
    const { label, confidence } = pseudoLabels(logits);
    expect([label.dtype, label.shape, confidence.shape]).toEqual(['int32', shape, shape]);
    await scoped(async () => {
      expect([...(await label.data())]).toEqual([...(await tf.argMax(logits, -1).data())]);
      const most = await tf.max(tf.softmax(logits), -1).data();
      (await confidence.data()).forEach((value, v) => {
        expect(value).toBeCloseTo(most[v]!, 6);
      });
    });
    if (own) expect(own.calls()[KERNELS.PseudoLabels]).toBe(1);
    tf.dispose([logits, label, confidence]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('are the first of several classes that are equally probable', async () => {
    await scoped(async () => {
      const { label, confidence } = pseudoLabels(tf.tensor5d([1, 1, 0, 0, 2, 2], [1, 1, 1, 2, 3]));
      expect([...(await label.data())]).toEqual([0, 1]);
      expect((await confidence.data())[1]).toBeCloseTo(1 / (2 + Math.exp(-2)), 6);
    });
  });

  it('move as the index says, an array or a tensor; −1 leaves label −1 and confidence 0', async () => {
    await scoped(async () => {
      const logits = tensorOf(normals([...shape, 3])) as tf.Tensor5D;
      const plain = pseudoLabels(logits);
      const [labels, confidences] = [await plain.label.data(), await plain.confidence.data()];
      const index = Int32Array.from({ length: 24 }, (_, v) => (v % 5 === 2 ? -1 : (v * 7) % 24));
      for (const given of [index, tf.tensor1d(index, 'int32'), tf.tensor(index, [2, 3, 1, 4], 'int32')]) {
        const moved = pseudoLabels(logits, given);
        expect([...(await moved.label.data())]).toEqual(Array.from(index, (v) => (v < 0 ? -1 : labels[v])));
        expect([...(await moved.confidence.data())]).toEqual(Array.from(index, (v) => (v < 0 ? 0 : confidences[v])));
      }
    });
  });

  it('refuse an index of another size', () => {
    tf.tidy(() => {
      expect(() => pseudoLabels(tf.zeros([1, 2, 2, 2, 3]), new Int32Array(7))).toThrow(
        'pseudoLabels: expected an index of 8 voxels, got 7',
      );
    });
  });
});
