import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, run, sizeOf } from '../harness.js';
import { differing } from './elementsAt.js';

interface Options {
  exclusive: boolean;
  reverse: boolean;
}

/** Along the middle of [outer, count, inner]. */
function scanned(
  x: ArrayLike<number>,
  [outer, count, inner]: readonly [number, number, number],
  { exclusive, reverse }: Options,
  [start, of]: [number, (a: number, b: number) => number],
): number[] {
  const y = new Array<number>(x.length);
  for (let line = 0; line < outer * inner; line++) {
    let running = start;
    for (let i = 0; i < count; i++) {
      const at = (Math.floor(line / inner) * count + (reverse ? count - 1 - i : i)) * inner + (line % inner);
      y[at] = exclusive ? running : of(running, x[at]!);
      running = of(running, x[at]!);
    }
  }
  return y;
}

const SUM: [number, (a: number, b: number) => number] = [0, (a, b) => a + b];

describeGpu('scans', () => {
  const cases: [number[], number, [number, number, number], Options][] = [
    [[7], 0, [1, 7, 1], { exclusive: false, reverse: false }],
    [[3, 5, 4], 1, [3, 5, 4], { exclusive: true, reverse: true }],
    [[70_000, 3], -1, [70_000, 3, 1], { exclusive: false, reverse: false }],
    [[2, 500, 3], 1, [2, 500, 3], { exclusive: false, reverse: true }],
    [[300_000], 0, [1, 300_000, 1], { exclusive: true, reverse: false }],
    [[5000, 3], 0, [1, 5000, 3], { exclusive: true, reverse: true }],
  ];
  it.each(cases)('Cumsum of %j along axis %i', async (shape, axis, view, options) => {
    const floats = normals(sizeOf(shape), 1, 1, 0.5);
    const y = run('Cumsum', { x: tf.tensor(floats, shape) }, { axis, ...options })[0]!;
    expect(y.shape).toEqual(shape);
    expectClose(await y.data(), scanned(floats, view, options, SUM), 1e-6);
  });

  it('Cumsum of whole numbers is exact', async () => {
    const options = { exclusive: false, reverse: false };
    const whole = integers(10_000, -1e6, 3e6, 2);
    const y = run('Cumsum', { x: tf.tensor(whole, [10_000], 'int32') }, { axis: 0, ...options })[0]!;
    expect(y.dtype).toBe('int32');
    expect(differing(await y.data(), Int32Array.from(scanned(whole, [1, 10_000, 1], options, SUM)))).toBe(0);
  });

  it('Cumsum of bools counts beyond what a float32 could, by blocks of blocks', async () => {
    const size = 5_000_000;
    const mask = new Uint8Array(size).fill(1);
    const y = run('Cumsum', { x: tf.tensor(mask, [size], 'bool') }, { axis: 0, exclusive: false, reverse: false })[0]!;
    const counts = await y.data();
    expect(y.dtype).toBe('int32');
    expect(counts.every((count, i) => count === i + 1)).toBe(true);
  });

  it('Cumprod multiplies', async () => {
    const x = normals(90, 3, 0.2, 1);
    for (const options of [
      { exclusive: false, reverse: true },
      { exclusive: true, reverse: false },
    ]) {
      const y = run('Cumprod', { x: tf.tensor(x, [2, 45]) }, { axis: 1, ...options })[0]!;
      expectClose(await y.data(), scanned(x, [2, 45, 1], options, [1, (a, b) => a * b]), 5e-6);
    }
  });

  it('of no elements', async () => {
    const y = run('Cumsum', { x: tf.tensor([], [0, 3]) }, { axis: 0, exclusive: false, reverse: false })[0]!;
    expect((await y.data()).length).toBe(0);
  });
});
