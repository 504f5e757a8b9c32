import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, integers, normals, run, runOurs, sizeOf } from '../harness.js';
import { differing } from './elementsAt.js';

/** Along the middle of [outer, count, inner], as the stock kernels do. */
function places(
  x: ArrayLike<number>,
  [outer, count, inner]: readonly [number, number, number],
  sign: number,
): number[] {
  return Array.from({ length: outer * inner }, (_, i) => {
    const at = (r: number) => sign * x[(Math.floor(i / inner) * count + r) * inner + (i % inner)]!;
    let best = 0;
    for (let r = 1; r < count; r++) if (at(r) > at(best)) best = r;
    return best;
  });
}

describeGpu('ArgMax and ArgMin', () => {
  const cases: [number[], number, [number, number, number]][] = [
    [[7], 0, [1, 7, 1]],
    [[300_001], 0, [1, 300_001, 1]],
    [[5, 3], -1, [5, 3, 1]],
    [[70_000, 2], 1, [70_000, 2, 1]],
    [[2, 900, 17], 1, [2, 900, 17]],
    [[3, 4, 5, 6], 1, [3, 4, 30]],
    [[50_000, 3], 0, [1, 50_000, 3]],
  ];
  it.each(cases)('of %j along axis %i', async (shape, axis, view) => {
    const floats = normals(sizeOf(shape), 1);
    const y = run('ArgMax', { x: tf.tensor(floats, shape) }, { axis })[0]!;
    expect([y.dtype, y.shape]).toEqual(['int32', shape.toSpliced(axis, 1)]);
    expect(differing(await y.data(), places(floats, view, 1))).toBe(0);
  });

  it.each([
    [[300_001], [1, 300_001, 1]],
    [
      [5, 70],
      [5, 70, 1],
    ],
  ] as const)('the first of several in %j', async (shape, view) => {
    const whole = integers(sizeOf(shape), -9, 9, 2);
    const x = () => tf.tensor(whole, [...shape], 'int32');
    const [most] = await runOurs('ArgMax', { x: x() }, { axis: -1 });
    expect([...most!]).toEqual(places(whole, view, 1));
    const [least] = await runOurs('ArgMin', { x: x() }, { axis: -1 });
    expect([...least!]).toEqual(places(whole, view, -1));
  });

  it('a NaN is never better, unless it comes first', async () => {
    const x = [1, NaN, 3, 2, NaN, 9, 1, 0, NaN, NaN, NaN, NaN, -1, -3, NaN, -2];
    x[7] = Number.NEGATIVE_INFINITY;
    for (const [name, sign] of [
      ['ArgMax', 1],
      ['ArgMin', -1],
    ] as const) {
      const [y] = await runOurs(name, { x: tf.tensor(x, [4, 4]) }, { axis: 1 });
      expect([...y!]).toEqual(places(x, [4, 4, 1], sign));
    }
    const long = new Float32Array(20_000).fill(NaN);
    long[0] = 1;
    long[15_000] = 2;
    const [y] = await runOurs('ArgMax', { x: tf.tensor(long) }, { axis: 0 });
    expect([...y!]).toEqual([15_000]);
  });

  it('of no elements', async () => {
    const [y] = await runOurs('ArgMax', { x: tf.tensor([], [0, 3]) }, { axis: 0 });
    expect([...y!]).toEqual([0, 0, 0]);
  });
});
