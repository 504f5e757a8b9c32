import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs, sizeOf } from '../harness.js';
import { differing, elementsAt } from './elementsAt.js';

describeGpu('slice kernels', () => {
  it('Slice takes boxes of any rank, drawn at random', async () => {
    const axis = fc
      .record({ n: fc.integer({ min: 1, max: 9 }), from: fc.double({ min: 0, max: 1, noNaN: true }), part: fc.nat(9) })
      .map(({ n, from, part }) => {
        const begin = Math.min(Math.floor(from * n), n - 1);
        return { n, begin, size: Math.min(part, n - begin) };
      });
    const property = fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 6 }), async (axes) => {
      const [shape, begin, size] = (['n', 'begin', 'size'] as const).map((key) => axes.map((a) => a[key]));
      const x = normals(sizeOf(shape!), 1);
      const [y] = await runOurs('Slice', { x: tf.tensor(x, shape!) }, { begin, size });
      expect([...y!]).toEqual(elementsAt(x, shape!, size!, (at) => at.map((i, a) => i + begin![a]!)));
    });
    await fc.assert(property, { seed: 11, numRuns: 20 });
  });

  it('Slice copies vectors of four channels, and a size of -1 means the rest', async () => {
    const x = normals(3 * 5 * 8, 2);
    const [y] = await runOurs('Slice', { x: tf.tensor(x, [3, 5, 8]) }, { begin: [1, 2, 4], size: [-1, 2, 4] });
    expect([...y!]).toEqual(elementsAt(x, [3, 5, 8], [2, 2, 4], ([i, j, k]) => [i! + 1, j! + 2, k! + 4]));
    expect(() => run('Slice', { x: tf.tensor(x, [3, 5, 8]) }, { begin: [0, 3, 0], size: [1, 3, 1] })).toThrow();
  });

  it('keeps whole numbers and bools', async () => {
    for (const dtype of ['int32', 'bool'] as const) {
      const x = integers(12, 0, 2, 3);
      const y = run('Slice', { x: tf.tensor(x, [3, 4], dtype) }, { begin: [1, 1], size: [2, 2] })[0]!;
      expect([y.dtype, ...(await y.data())]).toEqual([dtype, x[5], x[6], x[9], x[10]]);
    }
  });

  it('StridedSlice steps forwards and backwards, with masks and new axes', async () => {
    const x = normals(4 * 5 * 6, 3);
    const input = tf.tensor(x, [4, 5, 6]);
    const cases: [tf.Tensor, number[], (at: number[]) => number[]][] = [
      [
        tf.stridedSlice(input, [1, 0, 5], [4, 5, 0], [2, 1, -2]),
        [2, 5, 3],
        ([i, j, k]) => [1 + 2 * i!, j!, 5 - 2 * k!],
      ],
      [tf.stridedSlice(input, [1, 1, 1], [2, 3, 4], [1, 1, 1]), [1, 2, 3], ([i, j, k]) => [1 + i!, 1 + j!, 1 + k!]],
      [
        tf.stridedSlice(input, [9, -1, 2], [9, -4, 5], [3, -1, 1], 1, 1),
        [2, 3, 3],
        ([i, j, k]) => [3 * i!, 4 - j!, 2 + k!],
      ],
      [tf.stridedSlice(input, [2, 0, 0], [3, 5, 6], [1, 2, 3], 0, 0, 0, 0, 1), [3, 2], ([j, k]) => [2, 2 * j!, 3 * k!]],
      [tf.stridedSlice(input, [0, 0, 0], [4, 5, 6], [1, 1, 1]), [4, 5, 6], (at) => at],
    ];
    for (const [y, shape, at] of cases) {
      expect(y.shape).toEqual(shape);
      expect([...(await y.data())]).toEqual(elementsAt(x, [4, 5, 6], shape, at));
    }
  });

  it.each([0, 1, 2])('SplitV and Unpack cut along axis %i', async (axis) => {
    const shape = [6, 4, 8];
    const x = normals(sizeOf(shape), 4);
    const sizes = [1, shape[axis]! - 3, 2];
    const parts = run('SplitV', { x: tf.tensor(x, shape) }, { numOrSizeSplits: sizes, axis });
    let begin = 0;
    for (const [p, part] of parts.entries()) {
      expect(part.shape).toEqual(shape.with(axis, sizes[p]!));
      const from = begin;
      const at = (place: number[]) => place.with(axis, place[axis]! + from);
      expect([...(await part.data())]).toEqual(elementsAt(x, shape, part.shape, at));
      begin += sizes[p]!;
    }
    const slabs = run('Unpack', { value: tf.tensor(x, shape) }, { axis: axis - 3 });
    expect(slabs).toHaveLength(shape[axis]!);
    for (const [i, slab] of slabs.entries()) {
      expect(slab.shape).toEqual(shape.toSpliced(axis, 1));
      expect([...(await slab.data())]).toEqual(elementsAt(x, shape, slab.shape, (at) => at.toSpliced(axis, 0, i)));
    }
  });

  it('works through many workgroups, and on boxes without elements', async () => {
    const x = normals(1_000_000, 5);
    const [y] = await runOurs('Slice', { x: tf.tensor(x, [1000, 1000]) }, { begin: [1, 1], size: [999, 999] });
    expect(
      differing(
        y!,
        elementsAt(x, [1000, 1000], [999, 999], ([i, j]) => [i! + 1, j! + 1]),
      ),
    ).toBe(0);
    const [none] = await runOurs('Slice', { x: tf.tensor(x, [1000, 1000]) }, { begin: [4, 4], size: [0, 3] });
    expect(none!.length).toBe(0);
  });
});
