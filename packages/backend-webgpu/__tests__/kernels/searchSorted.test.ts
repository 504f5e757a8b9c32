import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs } from '../harness.js';

/** How many of each sorted row are below, or not above, each value. */
function counted(sorted: number[][], values: number[][], side: string): number[] {
  return values.flatMap((row, r) =>
    row.map((v) => sorted[r]!.filter((s) => (side === 'left' ? s < v : s <= v)).length),
  );
}

const rowsOf = (values: ArrayLike<number>, rows: number): number[][] => {
  const width = values.length / rows;
  return Array.from({ length: rows }, (_, r) => Array.from(values).slice(r * width, (r + 1) * width));
};

describeGpu('SearchSorted', () => {
  it.each(['left', 'right'])('counts what is on the %s of each value', async (side) => {
    const sorted = rowsOf(integers(303, 0, 60, 1), 3).map((row) => row.sort((a, b) => a - b));
    const values = rowsOf(integers(51, -5, 65, 2), 3);
    const inputs = {
      sortedSequence: tf.tensor(sorted, [3, 101], 'int32'),
      values: tf.tensor(values, [3, 17], 'int32'),
    };
    const y = run('SearchSorted', inputs, { side })[0]!;
    expect([y.dtype, y.shape]).toEqual(['int32', [3, 17]]);
    expect([...(await y.data())]).toEqual(counted(sorted, values, side));
    const floats = [[...normals(999, 3)].sort((a, b) => a - b)];
    const wanted = [[...normals(40, 4), floats[0]![500]!, -9, 9]];
    const [found] = await runOurs(
      'SearchSorted',
      { sortedSequence: tf.tensor(floats), values: tf.tensor(wanted) },
      { side },
    );
    expect([...found!]).toEqual(counted(floats, wanted, side));
  });

  it('serves tf.lowerBound on running counts of many voxels', async () => {
    const before = tf.cumsum(tf.tensor(integers(200_000, 0, 2, 5), [200_000], 'int32')) as tf.Tensor1D;
    const found = tf.lowerBound(before, tf.tensor1d([1, 50, 70_000], 'int32'));
    const counts = await before.data();
    expect([...(await found.data())]).toEqual(
      [1, 50, 70_000].map((rank) => counts.findIndex((count) => count >= rank)),
    );
  });

  it('finds nothing in rows of nothing', async () => {
    const inputs = { sortedSequence: tf.tensor([], [1, 0]), values: tf.tensor([[1, 2]]) };
    expect([...(await runOurs('SearchSorted', inputs, { side: 'left' }))[0]!]).toEqual([0, 0]);
  });
});
