import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, runOurs } from '../harness.js';

describeGpu('pseudo-labels', () => {
  describe.each([
    [1, 5],
    [2, 40_003],
    [3, 13],
    [17, 6001],
  ])('%i classes, %i voxels', (classes, voxels) => {
    const x = normals(voxels * classes, 1, 4);
    const row = (v: number) => x.subarray(v * classes, (v + 1) * classes);
    const best = (v: number) => row(v).indexOf(Math.max(...row(v)));
    const most = (v: number) => 1 / row(v).reduce((sum, value) => sum + Math.exp(value - row(v)[best(v)]!), 0);
    const all = Array.from({ length: voxels }, (_, v) => v);

    it('are the largest class and its probability', async () => {
      const inputs = { logits: tf.tensor2d(x, [voxels, classes]) };
      const [label, confidence] = await runOurs(KERNELS.PseudoLabels, inputs);
      expect([...label!]).toEqual(all.map(best));
      expectClose(confidence!, all.map(most), 1e-6);
    });

    it('go where the index says, and are nothing outside', async () => {
      const index = integers(voxels, -1, voxels, 2);
      const inputs = { logits: tf.tensor2d(x, [voxels, classes]), index: tf.tensor1d(index, 'int32') };
      const [label, confidence] = await runOurs(KERNELS.PseudoLabels, inputs);
      expect([...label!]).toEqual(Array.from(index, (v) => (v < 0 ? -1 : best(v))));
      expectClose(
        confidence!,
        Array.from(index, (v) => (v < 0 ? 0 : most(v))),
        1e-6,
      );
    });
  });

  it('take the first of several classes', async () => {
    const [label, confidence] = await runOurs(KERNELS.PseudoLabels, { logits: tf.tensor2d([1, 7, 7], [1, 3]) });
    expect(label![0]).toBe(1);
    expectClose(confidence!, [1 / (2 + Math.exp(-6))], 1e-6);
  });

  it('are int32 and float32, a voxel each, for logits of any rank', () => {
    tf.tidy(() => {
      const outputs = tf.engine().runKernel(KERNELS.PseudoLabels, { logits: tf.zeros([1, 2, 3, 1, 2]) }) as unknown;
      expect((outputs as tf.Tensor[]).map(({ dtype, shape }) => [dtype, shape])).toEqual([
        ['int32', [6]],
        ['float32', [6]],
      ]);
    });
  });

  it('are NaN, and of no class, for an index past the end; NaN for logits without a softmax', async () => {
    const logits = tf.tensor2d([0, 1, NaN, 0, 2, 3, 0, 0, 1, 0], [5, 2]);
    const inputs = { logits, index: tf.tensor1d([0, -1, 2, 1, 5], 'int32') };
    const [label, confidence] = await runOurs(KERNELS.PseudoLabels, inputs);
    expect([...label!.subarray(0, 3)]).toEqual([1, -1, 1]);
    expect(label![4]).toBeGreaterThan(255);
    expect([...confidence!].map(Number.isNaN)).toEqual([false, false, false, true, true]);
  });
});
