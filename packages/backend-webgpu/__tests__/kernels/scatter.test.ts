import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, run, runOurs } from '../harness.js';
import { differing } from './elementsAt.js';

/** values [K, width] added to zeros [rows, width]. */
function scattered(values: ArrayLike<number>, indices: ArrayLike<number>, rows: number, width: number): number[] {
  const y = new Array<number>(rows * width).fill(0);
  for (let i = 0; i < values.length; i++) {
    const row = indices[Math.floor(i / width)]!;
    if (row >= 0 && row < rows) y[row * width + (i % width)]! += values[i]!;
  }
  return y;
}

describeGpu('scatter kernels', () => {
  it.each([
    [1, 1, 1],
    [100, 7, 5],
    [1000, 3000, 17],
    [5000, 40, 3],
    [40_000, 70_000, 4],
  ])('ScatterRows puts %i rows into %i of %i numbers and adds duplicates up', async (count, rows, width) => {
    const values = normals(count * width, 1);
    const indices = integers(count, 0, rows, 2);
    const inputs = () => ({ values: tf.tensor(values, [count, width]), indices: tf.tensor(indices, [count], 'int32') });
    const once = await runOurs(KERNELS.ScatterRows, inputs(), { rows });
    expectClose(once[0]!, scattered(values, indices, rows, width), 2e-6);
    const twice = await runOurs(KERNELS.ScatterRows, inputs(), { rows });
    expect(differing(twice[0]!, once[0]!)).toBe(0);
  });

  it('adds up very long runs of duplicates, to float32', async () => {
    const count = 300_000;
    const values = normals(count, 3, 1, 0.5);
    const indices = new Int32Array(count).map((_, i) => (i % 3 === 0 ? i % 50 : 7));
    const inputs = { values: tf.tensor(values, [count, 1]), indices: tf.tensor(indices, [count], 'int32') };
    const [y] = await runOurs(KERNELS.ScatterRows, inputs, { rows: 60 });
    expectClose(y!, scattered(values, indices, 60, 1), 1e-6);
  });

  it('refuses a known index outside, and leaves out others', async () => {
    const [values, indices] = [tf.tensor(normals(6), [3, 2]), tf.tensor([0, 4, 1], [3], 'int32')];
    expect(() => run(KERNELS.ScatterRows, { values, indices }, { rows: 4 })).toThrow(
      `${KERNELS.ScatterRows}: indices[1] is 4, expected 0 to 3`,
    );
    const computed = run('Neg', { x: run('Neg', { x: indices })[0]! })[0]!;
    const [y] = await runOurs(KERNELS.ScatterRows, { values, indices: computed }, { rows: 4 });
    expectClose(y!, scattered(normals(6), [0, 4, 1], 4, 2), 1e-6);
    const none = { values: tf.tensor([], [0, 3]), indices: tf.tensor([], [0], 'int32') };
    expect([...(await runOurs(KERNELS.ScatterRows, none, { rows: 2 }))[0]!]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('ScatterNd adds slices at positions, of floats and whole numbers', async () => {
    const at = integers(60, 0, 4, 4);
    const flat = Array.from({ length: 30 }, (_, k) => at[2 * k]! * 5 + at[2 * k + 1]!);
    const updates = normals(90, 5);
    const inputs = { indices: tf.tensor(at, [5, 6, 2], 'int32'), updates: tf.tensor(updates, [5, 6, 3]) };
    const y = run('ScatterNd', inputs, { shape: [4, 5, 3] })[0]!;
    expect(y.shape).toEqual([4, 5, 3]);
    expectClose(await y.data(), scattered(updates, flat, 20, 3), 1e-6);
    const whole = { indices: tf.tensor([[1], [3], [1]], [3, 1], 'int32'), updates: tf.tensor([5, 6, 7], [3], 'int32') };
    const ints = run('ScatterNd', whole, { shape: [5] })[0]!;
    expect([ints.dtype, ...(await ints.data())]).toEqual(['int32', 0, 12, 0, 6, 0]);
  });

  it('UnsortedSegmentSum leaves out rows of no segment', async () => {
    const x = normals(5 * 6, 6);
    const inputs = { x: tf.tensor(x, [5, 2, 3]), segmentIds: tf.tensor([2, -1, 0, 2, 3], [5], 'int32') };
    const y = run('UnsortedSegmentSum', inputs, { numSegments: 3 })[0]!;
    expect(y.shape).toEqual([3, 2, 3]);
    expectClose(await y.data(), scattered(x, [2, -1, 0, 2, 3], 3, 6), 1e-6);
  });
});
