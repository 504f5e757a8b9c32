import { KERNELS } from '@crln/core';
import { diceCe } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, tensorOf } from './support/gradcheck.js';

const attrs = { ignoreIndex: -1, first: 1, smoothNr: 0.3, smoothDr: 0.2, lambdaDice: 0.4, lambdaCe: 0.7 };

/** The definition, in float64. */
function reference(logits: Float64Array, labels: number[], classes: number, first: number): number {
  const p = logits.map((x, i) => {
    const row = logits.subarray(i - (i % classes), i - (i % classes) + classes);
    return Math.exp(x) / row.reduce((sum, logit) => sum + Math.exp(logit), 0);
  });
  const counted = labels.flatMap((label, v) =>
    label === attrs.ignoreIndex ? [] : [-Math.log(p[v * classes + label]!)],
  );
  let dice = 0;
  for (let c = first; c < classes; c++) {
    const of = (term: (q: number, t: number) => number) =>
      labels.reduce((sum, label, v) => sum + term(p[v * classes + c]!, Number(label === c)), 0);
    const above = 2 * of((q, t) => q * t) + attrs.smoothNr;
    dice += 1 - above / (of((q, t) => q * q + t) + attrs.smoothDr);
  }
  const entropy = counted.reduce((a, b) => a + b, 0) / Math.max(counted.length, 1);
  return (attrs.lambdaDice * dice) / (classes - first) + attrs.lambdaCe * entropy;
}

describeBackends('diceCe', (backend) => {
  it.each([
    [1, 0],
    [2, 1],
    [2, 0],
    [3, 1],
    [17, 1],
  ])(
    'equals the float64 reference with its gradient: %i classes from %i on, with ignored voxels',
    async (classes, first) => {
      const shape = [2, 3, 2, 2];
      const labels = Array.from({ length: 24 }, (_, v) => (v % 6 === 1 ? -1 : (v * 5) % classes));
      await check({
        backend,
        inputs: { logits: normals([...shape, classes]) },
        op: ({ logits }) => tf.tidy(() => diceCe(logits!, tf.tensor(labels, shape, 'int32'), { ...attrs, first })),
        reference: ({ logits }) => [reference(logits!.data, labels, classes, first)],
        kernels:
          backend === 'wasm' ? [KERNELS.DiceSums, KERNELS.CrossEntropySums] : [KERNELS.DiceCe, KERNELS.DiceCeGrad],
      });
    },
  );

  it('adds up more voxels than one workgroup takes', async () => {
    await scoped(async () => {
      const shape = [1, 21, 20, 23];
      const labels = Array.from({ length: 21 * 20 * 23 }, (_, v) => v % 3);
      const logits = normals([...shape, 3]);
      const loss = diceCe(tensorOf(logits), tf.tensor(labels, shape, 'int32'), attrs);
      expect((await loss.data())[0]).toBeCloseTo(reference(logits.data, labels, 3, 1), 5);
    });
  });

  it('costs the Dice alone where all voxels are ignored', async () => {
    await scoped(async () => {
      const [logits, labels] = [tf.zeros([1, 1, 1, 2, 2]), tf.fill([1, 1, 1, 2], -1, 'int32')];
      const [loss] = await diceCe(logits, labels, attrs).data();
      expect(loss).toBeCloseTo(attrs.lambdaDice * (1 - 0.3 / 0.7), 6);
    });
  });
});
