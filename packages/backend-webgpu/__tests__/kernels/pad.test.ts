import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs, sizeOf } from '../harness.js';
import { elementsAt } from './elementsAt.js';

const axis = fc.record({
  n: fc.integer({ min: 1, max: 5 }),
  before: fc.nat(3),
  after: fc.nat(3),
  padded: fc.boolean(),
});

describeGpu('pad kernels', () => {
  it('PadV2 surrounds tensors of any rank with a constant', async () => {
    const property = fc.asyncProperty(fc.array(axis, { maxLength: 6 }), async (axes) => {
      const shape = axes.map(({ n }) => n);
      const paddings = axes.map(({ before, after, padded }) => (padded ? [before, after] : [0, 0]));
      const x = normals(sizeOf(shape), 1);
      const [y] = await runOurs('PadV2', { x: tf.tensor(x, shape) }, { paddings, constantValue: -2.5 });
      const result = shape.map((n, i) => n + paddings[i]![0]! + paddings[i]![1]!);
      const at = (place: number[]) => place.map((p, i) => p - paddings[i]![0]!);
      expect([...y!]).toEqual(elementsAt(x, shape, result, at, -2.5));
    });
    await fc.assert(property, { seed: 5, numRuns: 15 });
  });

  it.each(['reflect', 'symmetric'] as const)('MirrorPad in mode %s', async (mode) => {
    const once = mode === 'reflect' ? 1 : 0;
    const property = fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 5 }), async (axes) => {
      const shape = axes.map(({ n }) => n);
      const paddings = axes.map(({ n, before, after, padded }) =>
        [before, after].map((p) => (padded ? Math.min(p, n - once) : 0)),
      );
      const x = normals(sizeOf(shape), 2);
      const [y] = await runOurs('MirrorPad', { x: tf.tensor(x, shape) }, { paddings, mode });
      const result = shape.map((n, i) => n + paddings[i]![0]! + paddings[i]![1]!);
      const mirrored = (p: number, n: number) => (p < 0 ? once - 1 - p : p >= n ? 2 * n - 1 - once - p : p);
      const at = (place: number[]) => place.map((p, i) => mirrored(p - paddings[i]![0]!, shape[i]!));
      expect([...y!]).toEqual(elementsAt(x, shape, result, at));
    });
    await fc.assert(property, { seed: 6, numRuns: 12 });
  });

  it('pads a volume of channels in fours, whole numbers and bools', async () => {
    const shape = [2, 3, 4, 5, 8];
    const x = normals(sizeOf(shape), 3);
    const paddings = [
      [0, 0],
      [1, 2],
      [0, 3],
      [2, 0],
      [0, 0],
    ];
    const result = shape.map((n, i) => n + paddings[i]![0]! + paddings[i]![1]!);
    const at = (place: number[]) => place.map((p, i) => p - paddings[i]![0]!);
    const [y] = await runOurs('PadV2', { x: tf.tensor(x, shape) }, { paddings, constantValue: 0.5 });
    expect([...y!]).toEqual(elementsAt(x, shape, result, at, 0.5));
    const whole = run(
      'PadV2',
      { x: tf.tensor(integers(4, 5, 9), [4], 'int32') },
      { paddings: [[1, 1]], constantValue: -7 },
    )[0]!;
    expect([whole.dtype, ...(await whole.data())]).toEqual(['int32', -7, ...integers(4, 5, 9), -7]);
    const bool = run('PadV2', { x: tf.tensor([0, 1], [2], 'bool') }, { paddings: [[0, 2]], constantValue: 1 })[0]!;
    expect([bool.dtype, ...(await bool.data())]).toEqual(['bool', 0, 1, 1, 1]);
  });

  it('pads a tensor without elements', async () => {
    const [y] = await runOurs(
      'PadV2',
      { x: tf.tensor([], [0, 2]) },
      {
        paddings: [
          [1, 1],
          [0, 0],
        ],
        constantValue: 3,
      },
    );
    expect([...y!]).toEqual([3, 3, 3, 3]);
  });
});
