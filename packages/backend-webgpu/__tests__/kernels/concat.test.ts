import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs } from '../harness.js';
import { elementsAt } from './elementsAt.js';

describeGpu('concat kernels', () => {
  it.each([0, 1, 2, 3, -1])('Concat joins along axis %i, also channels in fours', async (axis) => {
    const shapes = [1, 4, 8, 0, 3, 2, 1, 1, 1, 5].map((n) => [2, 3, 2, 4].with(axis, n));
    const parts = shapes.map((shape, i) =>
      normals(
        shape.reduce((a, b) => a * b, 1),
        i,
      ),
    );
    const y = run(
      'Concat',
      parts.map((part, i) => tf.tensor(part, shapes[i])),
      { axis },
    )[0]!;
    const along = axis < 0 ? axis + 4 : axis;
    expect(y.shape).toEqual([2, 3, 2, 4].with(along, 26));
    let begin = 0;
    const values = await y.data();
    shapes.forEach((shape, i) => {
      const at = (place: number[]) => place.with(along, place[along]! + begin);
      expect(elementsAt(values, y.shape, shape, at)).toEqual([...parts[i]!]);
      begin += shape[along]!;
    });
  });

  it('Concat keeps a single full tensor, whole numbers, and nothing at all', async () => {
    const [x, none] = [tf.tensor(integers(6, 0, 9), [2, 3], 'int32'), tf.tensor([], [2, 0], 'int32')];
    const y = run('Concat', [none, x], { axis: 1 })[0]!;
    expect([y.dtype, y.shape]).toEqual(['int32', [2, 3]]);
    expect(await y.data()).toEqual(integers(6, 0, 9));
    const [empty] = await runOurs('Concat', [tf.tensor([], [2, 0]), tf.tensor([], [2, 0])], { axis: 1 });
    expect(empty!.length).toBe(0);
  });

  it.each([0, 1, 2, -1])('Pack stacks along a new axis %i', async (axis) => {
    const parts = [1, 2, 3].map((seed) => normals(20, seed));
    const y = run(
      'Pack',
      parts.map((part) => tf.tensor(part, [5, 4])),
      { axis },
    )[0]!;
    const along = axis < 0 ? axis + 3 : axis;
    expect(y.shape).toEqual([5, 4].toSpliced(along, 0, 3));
    const values = await y.data();
    parts.forEach((part, i) => {
      expect(elementsAt(values, y.shape, [5, 4], (at) => at.toSpliced(along, 0, i))).toEqual([...part]);
    });
    const [single] = await runOurs('Pack', [tf.tensor(parts[0]!)], { axis: 0 });
    expect(single).toEqual(parts[0]);
  });

  it('Pack refuses tensors of other shapes', () => {
    expect(() => run('Pack', [tf.tensor([1]), tf.tensor([1, 2])], { axis: 0 })).toThrow(/matching shapes/);
  });
});
