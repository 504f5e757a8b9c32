import { KERNELS, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs, sizeOf } from '../harness.js';
import { differing, elementsAt } from './elementsAt.js';

const line = (n: number, of: (i: number) => number = (i) => i) => Int32Array.from({ length: n }, (_, i) => of(i));

describeGpu('volume gathering', () => {
  const size: Triple = [4, 5, 6];
  const cases: [string, Triple, Int32Array[]][] = [
    ['copies', [0, 1, 2], size.map((n) => line(n))],
    ['flips', [0, 1, 2], [line(4, (i) => 3 - i), line(5), line(6, (i) => 5 - i)]],
    ['turns', [1, 0, 2], [line(5, (i) => 4 - i), line(4), line(6)]],
    ['crops', [0, 1, 2], [line(2, (i) => i + 1), line(3, (i) => i + 2), line(1, () => 5)]],
    [
      'pads and mirrors',
      [0, 1, 2],
      [line(6, (i) => (i < 4 ? i : -1)), line(7, Math.abs), line(9, (i) => Math.min(Math.abs(i - 2), 5))],
    ],
    ['repeats', [0, 1, 2], [line(8, (i) => i >> 1), line(5), line(3, (i) => 2 * i)]],
    ['leaves nothing', [0, 1, 2], [line(0), line(5), line(6)]],
  ];
  cases[4]![2][1] = line(7, (i) => (i < 5 ? i : 8 - i));

  it.each(cases)('GatherAxes %s, with channels and without', async (_, along, from) => {
    for (const rest of [[], [3], [8]]) {
      const shape = [2, ...size, ...rest];
      const x = normals(sizeOf(shape), 1);
      const y = run(KERNELS.GatherAxes, { x: tf.tensor(x, shape) }, { along, from, fill: -2.5 })[0]!;
      expect(y.shape).toEqual([2, ...from.map(({ length }) => length), ...rest]);
      const place = ([n, ...at]: number[]) => {
        const source = [n!, 0, 0, 0, ...at.slice(3)];
        for (const axis of [0, 1, 2]) source[along[axis]! + 1] = from[axis]![at[axis]!]!;
        return source;
      };
      expect([...(await y.data())]).toEqual(elementsAt(x, shape, y.shape, place, -2.5));
    }
  });

  it('GatherAxes moves whole numbers and refuses bools', async () => {
    const x = integers(24, 0, 9, 2);
    const from = [line(2), line(3), line(5, (i) => i - 1)];
    const y = run(
      KERNELS.GatherAxes,
      { x: tf.tensor(x, [1, 2, 3, 4], 'int32') },
      { along: [0, 1, 2], from, fill: -1 },
    )[0]!;
    expect(y.dtype).toBe('int32');
    const place = ([n, d, h, w]: number[]) => [n!, d!, h!, w! - 1];
    expect([...(await y.data())]).toEqual(elementsAt(x, [1, 2, 3, 4], [1, 2, 3, 5], place, -1));
    const bools = { x: tf.tensor(new Uint8Array(24), [1, 2, 3, 4], 'bool') };
    expect(() => run(KERNELS.GatherAxes, bools, { along: [0, 1, 2], from, fill: 0 })).toThrow(
      `${KERNELS.GatherAxes}: expected float32 or int32, got bool`,
    );
  });

  it.each([[[2, 30, 40, 50]], [[2, 5, 6, 7, 3]], [[1, 9, 8, 7, 4]]])('GatherVoxels in %j', async (shape) => {
    const voxels = sizeOf(shape.slice(0, 4));
    const channels = shape[4] ?? 1;
    const x = normals(sizeOf(shape), 3);
    const index = integers(voxels, -1, voxels, 4);
    const inputs = { x: tf.tensor(x, shape), index: tf.tensor(index, [voxels], 'int32') };
    const [y] = await runOurs(KERNELS.GatherVoxels, inputs, { fill: 0.25 });
    const expected = Array.from(x, (_, i) => {
      const from = index[Math.floor(i / channels)]!;
      return from < 0 ? 0.25 : x[from * channels + (i % channels)]!;
    });
    expect(differing(y!, expected)).toBe(0);
  });

  it('GatherVoxels refuses a known index outside the volume', () => {
    const inputs = { x: tf.tensor(normals(4), [1, 1, 2, 2]), index: tf.tensor([0, -1, 4, 1], [4], 'int32') };
    expect(() => run(KERNELS.GatherVoxels, inputs, { fill: 0 })).toThrow('index[2] is 4, expected -1 to 3');
  });
});
