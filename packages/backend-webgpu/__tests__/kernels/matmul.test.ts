import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, normals, relativeError, run, runOurs, sizeOf } from '../harness.js';
import { tiny, withTiles } from '../tiles.js';

interface Problem {
  /** Shapes of the operands as stored. */
  a: number[];
  b: number[];
  transposeA?: boolean;
  transposeB?: boolean;
}

/** Σ_k a[i, k]·b[k, j] in float64, outer axes broadcast. */
function definition({ a, b, transposeA, transposeB }: Problem, as: Float32Array, bs: Float32Array): Float64Array {
  const [m, k] = transposeA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const n = b.at(transposeB ? -2 : -1)!;
  const rank = Math.max(a.length, b.length) - 2;
  const pad = (shape: number[]) => [...Array(rank + 2 - shape.length).fill(1), ...shape.slice(0, -2)] as number[];
  const [ao, bo] = [pad(a), pad(b)];
  const outer = ao.map((size, i) => (size === 1 ? bo[i]! : size));
  const y = new Float64Array(sizeOf(outer) * m * n);
  for (let batch = 0; batch < sizeOf(outer); batch++) {
    let [rest, aAt, bAt, aStep, bStep] = [batch, 0, 0, m * k, k * n];
    for (let i = rank - 1; i >= 0; i--) {
      const at = rest % outer[i]!;
      rest = (rest - at) / outer[i]!;
      if (ao[i]! > 1) aAt += at * aStep;
      if (bo[i]! > 1) bAt += at * bStep;
      aStep *= ao[i]!;
      bStep *= bo[i]!;
    }
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++)
          sum += as[aAt + (transposeA ? l * m + i : i * k + l)]! * bs[bAt + (transposeB ? j * k + l : l * n + j)]!;
        y[(batch * m + i) * n + j] = sum;
      }
  }
  return y;
}

async function errorOf(problem: Problem): Promise<number> {
  const { a, b, transposeA = false, transposeB = false } = problem;
  const [as, bs] = [normals(sizeOf(a), 1), normals(sizeOf(b), 2)];
  const [y] = await runOurs('BatchMatMul', { a: tf.tensor(as, a), b: tf.tensor(bs, b) }, { transposeA, transposeB });
  const expected = definition(problem, as, bs);
  return y!.length === 0 && expected.length === 0 ? 0 : relativeError(y!, expected);
}

/** What is compiled here takes a software device seconds each. */
const PATIENCE = 300_000;

describeGpu('BatchMatMul', () => {
  it.each<[number, number, number]>([
    [1, 1, 1],
    [17, 33, 31],
    [36, 16, 132],
    [20, 24, 5],
  ])(
    'multiplies %i×%i by %i columns, stored either way',
    async (m, k, n) => {
      for (const transposeA of [false, true])
        for (const transposeB of [false, true]) {
          const a = transposeA ? [k, m] : [m, k];
          const b = transposeB ? [n, k] : [k, n];
          expect(await withTiles(tiny, () => errorOf({ a, b, transposeA, transposeB }))).toBeLessThan(1e-5);
        }
    },
    PATIENCE,
  );

  it.each<Problem>([
    { a: [129, 48], b: [48, 72] },
    { a: [100, 70], b: [100, 30], transposeA: true },
    { a: [36, 16], b: [130, 16], transposeB: true },
  ])(
    'multiplies $a by $b with the tiles of a GPU',
    async (problem) => {
      expect(await errorOf(problem)).toBeLessThan(1e-5);
    },
    PATIENCE,
  );

  it.each<Problem>([
    { a: [3, 4, 8], b: [3, 8, 12] },
    { a: [3, 5, 7], b: [7, 6] },
    { a: [5, 7], b: [3, 7, 6] },
    { a: [2, 1, 5, 4], b: [3, 4, 6] },
    { a: [2, 3, 1, 5, 4], b: [1, 3, 2, 4, 6] },
    { a: [2, 1, 3, 1, 4, 5], b: [1, 2, 1, 3, 6, 5], transposeB: true },
    { a: [4, 3, 5], b: [1, 3, 8], transposeA: true },
  ])('broadcasts the outer axes of $a and $b', async (problem) => {
    expect(await withTiles(tiny, () => errorOf(problem))).toBeLessThan(1e-5);
  });

  it('splits long sums, and always adds their parts in the same order', async () => {
    const a = normals(2 * 10 * 35000, 1, 1, 0.5);
    const b = normals(2 * 35000 * 17, 2, 1, 0.5);
    const problem = { a: [2, 10, 35000], b: [2, 35000, 17] };
    const inputs = () => ({ a: tf.tensor(a, problem.a), b: tf.tensor(b, problem.b) });
    const attrs = { transposeA: false, transposeB: false };
    const multiply = () => withTiles(tiny, () => runOurs('BatchMatMul', inputs(), attrs));
    const [y] = await multiply();
    expect(relativeError(y!, definition(problem, a, b))).toBeLessThan(1e-5);
    expect(await multiply()).toEqual([y]);
  });

  it('multiplies what takes many workgroups', async () => {
    expect(await withTiles(tiny, () => errorOf({ a: [20001, 20], b: [20, 24] }))).toBeLessThan(1e-5);
    const tile = { rows: 8, columns: 4, threadRows: 1, threadColumns: 4 };
    const many = { a: [66000, 1, 2], b: [66000, 2, 1] };
    expect(await withTiles({ product: { few: [tile], many: [tile] } }, () => errorOf(many))).toBeLessThan(1e-5);
  });

  it('gives an empty result, and zeros for empty sums', async () => {
    expect(await errorOf({ a: [0, 3], b: [3, 4] })).toBe(0);
    expect(await errorOf({ a: [2, 0], b: [0, 5] })).toBe(0);
    expect(await errorOf({ a: [0, 2, 3], b: [3, 4] })).toBe(0);
  });

  it('refuses matrices that do not fit, and integers', () => {
    const attrs = { transposeA: false, transposeB: true };
    const call = (a: tf.Tensor, b: tf.Tensor) => () => run('BatchMatMul', { a, b }, attrs);
    expect(call(tf.zeros([2, 3]), tf.zeros([3, 2]))).toThrow(/as many columns of a as rows of b, got 3 and 2/);
    expect(call(tf.zeros([2, 3], 'int32'), tf.zeros([2, 3]))).toThrow(/expected a of type float32, got int32/);
  });

  it('is what tf.matMul runs, with its gradients', async () => {
    const shapes = [
      [2, 4, 6],
      [2, 5, 6],
    ];
    const [a, b] = [normals(48, 1), normals(60, 2)];
    const dy = normals(40, 3);
    const product = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, false, true);
    const inputs = [tf.tensor(a, shapes[0]), tf.tensor(b, shapes[1])];
    const [da, db] = await withTiles(tiny, async () => tf.grads(product)(inputs, tf.tensor(dy, [2, 4, 5])));
    const expectedA = definition({ a: [2, 4, 5], b: shapes[1]! }, dy, b);
    const expectedB = definition({ a: [2, 4, 5], b: shapes[0]!, transposeA: true }, dy, a);
    expectClose(await da!.data(), expectedA);
    expectClose(await db!.data(), expectedB);
  });
});

describeGpu('_FusedMatMul', () => {
  it('adds a bias and rectifies, also after a split', async () => {
    for (const [m, k, n] of [
      [9, 5, 7],
      [6, 3000, 8],
    ] as const) {
      const [a, b, bias] = [normals(m * k, 1), normals(k * n, 2), normals(n, 3, 20)];
      a[k + 1] = NaN;
      const inputs = { a: tf.tensor(a, [m, k]), b: tf.tensor(b, [k, n]), bias: tf.tensor(bias, [1, n]) };
      const attrs = { transposeA: false, transposeB: false, activation: 'relu' };
      const [y] = await withTiles(tiny, () => runOurs('_FusedMatMul', inputs, attrs));
      const expected = definition({ a: [m, k], b: [k, n] }, a, b).map((v, i) => {
        const sum = v + bias[i % n]!;
        return Number.isNaN(sum) ? NaN : Math.max(sum, 0);
      });
      expectClose(y!, expected, 3e-5);
    }
  });

  it('refuses other activations', () => {
    const inputs = { a: tf.zeros([2, 2]), b: tf.zeros([2, 2]) };
    const attrs = { transposeA: false, transposeB: false, activation: 'elu' };
    expect(() => run('_FusedMatMul', inputs, attrs)).toThrow(/expected activation linear or relu, got elu/);
  });
});
