import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, integers, normals, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

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

  it('are the largest class and its probability', () => {
    const [label, confidence] = tf.tidy(() =>
      runOurs(KERNELS.PseudoLabels, { logits: tf.tensor2d(x, [voxels, classes]) }),
    );
    expect([...label!]).toEqual(Array.from({ length: voxels }, (_, v) => best(v)));
    expectClose(
      confidence!,
      Array.from({ length: voxels }, (_, v) => most(v)),
    );
  });

  it('go where the index says, and are nothing outside', () => {
    const index = integers(voxels, -1, voxels, 2);
    const [label, confidence] = tf.tidy(() =>
      runOurs(KERNELS.PseudoLabels, {
        logits: tf.tensor2d(x, [voxels, classes]),
        index: tf.tensor1d(index, 'int32'),
      }),
    );
    expect([...label!]).toEqual(Array.from(index, (v) => (v < 0 ? -1 : best(v))));
    expectClose(
      confidence!,
      Array.from(index, (v) => (v < 0 ? 0 : most(v))),
    );
  });
});

it('names an index past the end', () => {
  const inputs = { logits: tf.zeros([5, 2]), index: tf.tensor1d([0, -1, 2, 3, 5], 'int32') };
  expect(() => runOurs(KERNELS.PseudoLabels, inputs)).toThrow(/index\[4\] is 5, expected -1 to 4/);
});
