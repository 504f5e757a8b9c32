import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../reference.js';
import { expectClose, expectSame, integers, normals, RUNS, runOurs, scoped, useWasm } from './harness.js';

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
    const [label, confidence] = scoped(() =>
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
    const [label, confidence] = scoped(() =>
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

it('are right for any number of voxels and classes, with an index or without', () => {
  const cases = fc.record({
    voxels: fc.integer({ min: 1, max: 70 }),
    classes: fc.constantFrom(1, 2, 3, 4, 5, 17),
    scale: fc.constantFrom(0.1, 4, 40),
    indexed: fc.boolean(),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ voxels, classes, scale, indexed, seed }) => {
      const x = normals(voxels * classes, seed, scale);
      const index = indexed ? integers(voxels, -1, voxels, seed) : Int32Array.from({ length: voxels }, (_, v) => v);
      const row = (v: number) => x.subarray(v * classes, (v + 1) * classes);
      const best = (v: number) => row(v).indexOf(Math.max(...row(v)));
      const most = (v: number) => {
        const largest = Math.max(...row(v));
        return 1 / Array.from(row(v)).reduce((sum, value) => sum + Math.exp(value - largest), 0);
      };
      tf.tidy(() => {
        const logits = tf.tensor2d(x, [voxels, classes]);
        const inputs = indexed ? { logits, index: tf.tensor1d(index, 'int32') } : { logits };
        const [label, confidence] = runOurs(KERNELS.PseudoLabels, inputs);
        expectSame(
          label!,
          Array.from(index, (v) => (v < 0 ? -1 : best(v))),
        );
        const expected = Array.from(index, (v) => (v < 0 ? 0 : most(v)));
        expect(relativeError(confidence!, expected)).toBeLessThan(1e-5);
      });
    }),
    RUNS,
  );
});

it('names an index past the end', () => {
  const inputs = { logits: tf.zeros([5, 2]), index: tf.tensor1d([0, -1, 2, 3, 5], 'int32') };
  expect(() => runOurs(KERNELS.PseudoLabels, inputs)).toThrow(/index\[4\] is 5, expected -1 to 4/);
});
