import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs, sizeOf } from '../harness.js';
import { differing, elementsAt } from './elementsAt.js';

const axes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
const RUNS = { seed: 3, numRuns: 12 };

describeGpu('rearranging kernels', () => {
  it('Transpose permutes the axes of any rank, drawn at random', async () => {
    const order = axes.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    const property = fc.asyncProperty(order, async ([shape, perm]) => {
      const x = normals(sizeOf(shape), 1);
      const [y] = await runOurs('Transpose', { x: tf.tensor(x, shape) }, { perm });
      const result = perm.map((axis) => shape[axis]!);
      expect([...y!]).toEqual(elementsAt(x, shape, result, (at) => shape.map((_, axis) => at[perm.indexOf(axis)]!)));
    });
    await fc.assert(property, RUNS);
  });

  it('Reverse mirrors axes', async () => {
    const property = fc.asyncProperty(axes, fc.nat(63), async (shape, bits) => {
      const dims = [...shape.keys()].filter((axis) => bits & (1 << axis));
      const x = normals(sizeOf(shape), 2);
      const [y] = await runOurs('Reverse', { x: tf.tensor(x, shape) }, { dims });
      const at = (place: number[]) => place.map((i, axis) => (dims.includes(axis) ? shape[axis]! - 1 - i : i));
      expect([...y!]).toEqual(elementsAt(x, shape, shape, at));
    });
    await fc.assert(property, RUNS);
    const [scalar] = await runOurs('Reverse', { x: tf.scalar(3) }, { dims: [] });
    expect([...scalar!]).toEqual([3]);
  });

  it('Tile repeats along axes', async () => {
    const repeated = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })), {
      maxLength: 6,
    });
    const property = fc.asyncProperty(repeated, async (pairs) => {
      const [shape, reps] = [pairs.map(([n]) => n), pairs.map(([, times]) => times)];
      const x = normals(sizeOf(shape), 3);
      const [y] = await runOurs('Tile', { x: tf.tensor(x, shape) }, { reps });
      const result = shape.map((n, axis) => n * reps[axis]!);
      expect([...y!]).toEqual(elementsAt(x, shape, result, (at) => at.map((i, axis) => i % shape[axis]!)));
    });
    await fc.assert(property, RUNS);
  });

  it('keep whole numbers, and swap the axes of a large matrix', async () => {
    const y = run('Transpose', { x: tf.tensor(integers(6, 0, 9), [2, 3], 'int32') }, { perm: [1, 0] })[0]!;
    expect(y.dtype).toBe('int32');
    const x = normals(600_000, 4);
    const [large] = await runOurs('Transpose', { x: tf.tensor(x, [600, 1000]) }, { perm: [1, 0] });
    expect(
      differing(
        large!,
        elementsAt(x, [600, 1000], [1000, 600], ([i, j]) => [j!, i!]),
      ),
    ).toBe(0);
  });
});
