import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, relativeError, run, runOurs, sizeOf } from '../harness.js';
import { differing } from './elementsAt.js';

const REDUCTIONS: Record<string, (values: number[]) => number> = {
  Sum: (values) => values.reduce((a, b) => a + b, 0),
  Mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  Prod: (values) => values.reduce((a, b) => a * b, 1),
  Max: (values) => values.reduce((a, b) => Math.max(a, b)),
  Min: (values) => values.reduce((a, b) => Math.min(a, b)),
};

/** What a reduction over axes makes of an array. */
function reduced(x: ArrayLike<number>, shape: number[], axes: number[], of: (values: number[]) => number): number[] {
  const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const columns: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  for (let i = 0; i < x.length; i++) {
    let [at, step, rest] = [0, 1, i];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += ((rest % shape[axis]!) % kept[axis]!) * step;
      step *= kept[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    columns[at]!.push(x[i]!);
  }
  return columns.map(of);
}

const attributes = (name: string, axes: number | number[], keepDims = false) =>
  name === 'Max' ? { reductionIndices: axes, keepDims } : { axis: axes, keepDims };

/** The shape of the result. */
const leftOver = (shape: number[], axes: number[], keepDims: boolean) =>
  keepDims ? shape.map((n, i) => (axes.includes(i) ? 1 : n)) : shape.filter((_, i) => !axes.includes(i));

describeGpu('reductions', () => {
  it('go over any axes, also with kept ones between them', async () => {
    const axis = fc.record({ n: fc.integer({ min: 1, max: 7 }), gone: fc.boolean() });
    const names = fc.constantFrom(...Object.keys(REDUCTIONS));
    const property = fc.asyncProperty(
      fc.array(axis, { maxLength: 6 }),
      fc.boolean(),
      names,
      async (all, keepDims, name) => {
        const shape = all.map(({ n }) => n);
        const axes = [...shape.keys()].filter((i) => all[i]!.gone);
        const x = normals(sizeOf(shape), 1, 0.3, 1);
        const y = run(name, { x: tf.tensor(x, shape) }, attributes(name, axes, keepDims))[0]!;
        expect(y.shape).toEqual(leftOver(shape, axes, keepDims));
        expectClose(await y.data(), reduced(x, shape, axes, REDUCTIONS[name]!), 5e-6);
      },
    );
    await fc.assert(property, { seed: 2, numRuns: 20 });
  });

  it.each([
    [[1_000_000], [0]],
    [[70_000, 17], [0]],
    [[3, 40_000, 5], [1]],
    [
      [2, 30, 40, 50, 3],
      [1, 2, 3],
    ],
    [
      [50, 4, 300, 3],
      [0, 2],
    ],
    [[70_001, 3], [1]],
    [[300, 2000], [1]],
  ])('sums %j over %j to float32, the same every time', async (shape, axes) => {
    const x = normals(sizeOf(shape), 3, 1, 0.5);
    const once = await runOurs('Sum', { x: tf.tensor(x, shape) }, attributes('Sum', axes));
    const twice = await runOurs('Sum', { x: tf.tensor(x, shape) }, attributes('Sum', axes));
    expect(relativeError(once[0]!, reduced(x, shape, axes, REDUCTIONS.Sum!))).toBeLessThan(5e-7);
    expect(differing(twice[0]!, once[0]!)).toBe(0);
    const [largest] = await runOurs('Max', { x: tf.tensor(x, shape) }, attributes('Max', axes));
    expect(differing(largest!, reduced(x, shape, axes, REDUCTIONS.Max!))).toBe(0);
  });

  it('counts whole numbers and bools exactly, and their means are floats', async () => {
    const x = integers(50_000, -1000, 1000, 4);
    const sum = run('Sum', { x: tf.tensor(x, [5, 10_000], 'int32') }, attributes('Sum', 1))[0]!;
    expect([sum.dtype, ...(await sum.data())]).toEqual(['int32', ...reduced(x, [5, 10_000], [1], REDUCTIONS.Sum!)]);
    const mean = run('Mean', { x: tf.tensor(x, [50_000], 'int32') }, attributes('Mean', 0))[0]!;
    expect(mean.dtype).toBe('float32');
    expectClose(await mean.data(), [x.reduce((a, b) => a + b) / x.length], 1e-5);
    const bools = integers(3000, 0, 2, 5);
    const count = run('Sum', { x: tf.tensor(bools, [3000], 'bool') }, attributes('Sum', 0))[0]!;
    expect([count.dtype, ...(await count.data())]).toEqual(['int32', bools.reduce((a, b) => a + b)]);
    const most = run('Max', { x: tf.tensor(x, [50_000], 'int32') }, attributes('Max', 0))[0]!;
    expect([most.dtype, ...(await most.data())]).toEqual(['int32', Math.max(...x)]);
  });

  it('Any and All of bools', async () => {
    const x = tf.tensor([0, 0, 0, 1, 1, 1, 0, 1, 0], [3, 3], 'bool');
    const any = run('Any', { x }, { axis: 1, keepDims: false })[0]!;
    expect([any.dtype, ...(await any.data())]).toEqual(['bool', 0, 1, 1]);
    const all = run('All', { x }, { axis: [1], keepDims: true })[0]!;
    expect([all.dtype, all.shape, ...(await all.data())]).toEqual(['bool', [3, 1], 0, 1, 0]);
  });

  it('NaN makes maxima and minima NaN, infinities stay', async () => {
    const x = normals(3000, 6);
    x[1700] = NaN;
    x[2500] = Number.NEGATIVE_INFINITY;
    for (const name of ['Max', 'Min', 'Sum']) {
      const [y] = await runOurs(name, { x: tf.tensor(x, [3, 1000]) }, attributes(name, 1));
      expect(y![1]).toBe(NaN);
      expect(y![2]).toBe(name === 'Max' ? Math.max(...x.slice(2000)) : Number.NEGATIVE_INFINITY);
    }
  });

  it('of no elements', async () => {
    const empty: Record<string, number> = {
      Sum: 0,
      Mean: NaN,
      Prod: 1,
      Max: Number.NEGATIVE_INFINITY,
      Min: Number.POSITIVE_INFINITY,
    };
    for (const [name, value] of Object.entries(empty)) {
      const [y] = await runOurs(name, { x: tf.tensor([], [2, 0]) }, attributes(name, 1));
      expect([...y!], name).toEqual([value, value]);
      const [none] = await runOurs(name, { x: tf.tensor([], [2, 0]) }, attributes(name, 0));
      expect(none!.length).toBe(0);
    }
  });
});
