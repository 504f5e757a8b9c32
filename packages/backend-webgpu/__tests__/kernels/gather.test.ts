import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs } from '../harness.js';
import { differing, elementsAt } from './elementsAt.js';

describeGpu('gather kernels', () => {
  it.each([
    [[40], 0],
    [[5, 40, 3], 1],
    [[40, 2, 8], 0],
    [[6, 5, 40], -1],
  ])('GatherV2 from %j along axis %i', async (shape, axis) => {
    const along = axis < 0 ? axis + shape.length : axis;
    const x = normals(
      shape.reduce((a, b) => a * b, 1),
      1,
    );
    const picked = integers(6, 0, 40, 2);
    const y = run('GatherV2', { x: tf.tensor(x, shape), indices: tf.tensor(picked, [2, 3], 'int32') }, { axis })[0]!;
    expect(y.shape).toEqual(shape.toSpliced(along, 1, 2, 3));
    const place = (at: number[]) => at.toSpliced(along, 2, picked[at[along]! * 3 + at[along + 1]!]!);
    expect([...(await y.data())]).toEqual(elementsAt(x, shape, y.shape, place));
  });

  it('GatherV2 with batches, of many rows, and of whole numbers', async () => {
    const x = normals(4 * 5 * 6, 3);
    const picked = integers(12, 0, 5, 4);
    const inputs = { x: tf.tensor(x, [4, 5, 6]), indices: tf.tensor(picked, [4, 3], 'int32') };
    const [batched] = await runOurs('GatherV2', inputs, { axis: 1, batchDims: 1 });
    expect([...batched!]).toEqual(elementsAt(x, [4, 5, 6], [4, 3, 6], ([b, k, c]) => [b!, picked[b! * 3 + k!]!, c!]));
    const rows = normals(50_000 * 3, 5);
    const many = integers(100_000, 0, 50_000, 6);
    const wide = { x: tf.tensor(rows, [50_000, 3]), indices: tf.tensor(many, [100_000], 'int32') };
    const [y] = await runOurs('GatherV2', wide, { axis: 0 });
    expect(
      differing(
        y!,
        elementsAt(rows, [50_000, 3], [100_000, 3], ([k, c]) => [many[k!]!, c!]),
      ),
    ).toBe(0);
    const whole = { x: tf.tensor([7, 8, 9], [3], 'int32'), indices: tf.tensor([2, 0], [2], 'int32') };
    const [ints] = run('GatherV2', whole, { axis: 0 });
    expect([ints!.dtype, ...(await ints!.data())]).toEqual(['int32', 9, 7]);
  });

  it('an index outside is refused where it is known, and else brings zeros', async () => {
    const x = () => tf.tensor([1, 2, 3], [3, 1]);
    const outside = () => tf.tensor([0, 3, -1], [3], 'int32');
    expect(() => run('GatherV2', { x: x(), indices: outside() }, { axis: 0 })).toThrow(
      'GatherV2: indices[1] is 3, expected 0 to 2',
    );
    const [y] = await runOurs('GatherV2', { x: x(), indices: run('Neg', { x: tf.neg(outside()) })[0]! }, { axis: 0 });
    expect([...y!]).toEqual([1, 0, 0]);
  });

  it('GatherNd takes slices at positions', async () => {
    const x = normals(4 * 5 * 8, 7);
    const at = [
      [3, 4],
      [0, 0],
      [1, 2],
      [3, 0],
      [2, 2],
      [1, 1],
      [0, 4],
      [2, 3],
      [3, 3],
    ];
    const inputs = { params: tf.tensor(x, [4, 5, 8]), indices: tf.tensor(at.flat(), [3, 3, 2], 'int32') };
    const y = run('GatherNd', inputs)[0]!;
    expect(y.shape).toEqual([3, 3, 8]);
    const place = ([i, j, c]: number[]) => [...at[i! * 3 + j!]!, c!];
    expect([...(await y.data())]).toEqual(elementsAt(x, [4, 5, 8], [3, 3, 8], place));
    const single = {
      params: tf.tensor(x, [4, 5, 8]),
      indices: tf.tensor(
        [
          [3, 1, 7],
          [0, 4, 2],
        ],
        [2, 3],
        'int32',
      ),
    };
    expect([...(await runOurs('GatherNd', single))[0]!]).toEqual([x[3 * 40 + 8 + 7], x[4 * 8 + 2]]);
    const wrong = { params: tf.tensor(x, [4, 5, 8]), indices: tf.tensor([[0, 5]], [1, 2], 'int32') };
    expect(() => run('GatherNd', wrong)).toThrow('GatherNd: indices[1] is 5, expected 0 to 4');
  });

  it('OneHot marks the index, and nothing for one outside', async () => {
    const indices = () => tf.tensor([1, -1, 0, 3, 2, 1], [2, 3], 'int32');
    const attrs = { depth: 3, onValue: 5, offValue: -1, dtype: 'float32' };
    const y = run('OneHot', { indices: indices() }, attrs)[0]!;
    expect([y.dtype, y.shape]).toEqual(['float32', [2, 3, 3]]);
    const marks = [1, -1, 0, 3, 2, 1].flatMap((i) => [0, 1, 2].map((c) => (c === i ? 5 : -1)));
    expect([...(await y.data())]).toEqual(marks);
    const bool = run('OneHot', { indices: indices() }, { ...attrs, onValue: 1, offValue: 0, dtype: 'bool' })[0]!;
    expect([bool.dtype, ...(await bool.data())]).toEqual(['bool', ...marks.map((v) => +(v === 5))]);
  });
});
