import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kernelCalls, matmul, resetKernelCalls, WASM_BACKEND } from '../src/index.js';
import { RUNS, runOurs, useWasm } from './kernels/harness.js';
import { randomArray, relativeError } from './reference.js';

beforeAll(useWasm);
beforeEach(resetKernelCalls);

interface Sizes {
  m: number;
  k: number;
  n: number;
  batch: number;
  transposeA: boolean;
  transposeB: boolean;
}

/** The definition in float64; `a` or `b` may hold one matrix for all products. */
function reference(a: Float32Array, b: Float32Array, { m, k, n, batch, transposeA, transposeB }: Sizes): Float64Array {
  const c = new Float64Array(batch * m * n);
  for (let i = 0; i < batch; i++)
    for (let r = 0; r < m; r++)
      for (let s = 0; s < n; s++) {
        let sum = 0;
        for (let j = 0; j < k; j++) {
          const left = a[((i * m * k) % a.length) + (transposeA ? j * m + r : r * k + j)]!;
          sum += left * b[((i * k * n) % b.length) + (transposeB ? s * k + j : j * n + s)]!;
        }
        c[(i * m + r) * n + s] = sum;
      }
  return c;
}

const size = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(1, 3, 5, 17, 40));
const products: fc.Arbitrary<Sizes> = fc.record({
  m: size,
  k: size,
  n: size,
  batch: fc.integer({ min: 1, max: 3 }),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
});

describe('matmul', () => {
  it('equals the definition for any sizes, transposed or not, one matrix for the batch or one each', () => {
    fc.assert(
      fc.property(products, fc.boolean(), fc.boolean(), (p, oneA, oneB) => {
        const a = randomArray(p.m * p.k * (oneA ? 1 : p.batch), 1);
        const b = randomArray(p.k * p.n * (oneB ? 1 : p.batch), 2);
        expect(relativeError(matmul(a, b, p), reference(a, b, p))).toBeLessThan(1e-5);
      }),
      { ...RUNS, seed: 5 },
    );
  });

  it.each([
    [3, 20000, 5, false],
    [3, 20000, 5, true],
    [20000, 3, 5, false],
    [2500, 1000, 2, false],
  ])('equals the definition where it works in parts: %i×%i·%i, a transposed: %s', (m, k, n, transposeA) => {
    const p = { m, k, n, batch: 1, transposeA, transposeB: false };
    const [a, b] = [randomArray(m * k, 1), randomArray(k * n, 2)];
    expect(relativeError(matmul(a, b, p), reference(a, b, p))).toBeLessThan(1e-5);
  });

  it('refuses an array that is not a whole number of matrices', () => {
    expect(() => matmul(new Float32Array(7), new Float32Array(6), { m: 2, k: 3, n: 2 })).toThrow(
      /a has 7 elements, expected 6/,
    );
  });
});

describe('tf.matMul on crln-wasm', () => {
  it('equals the definition for any sizes, with or without bias and ReLU', () => {
    fc.assert(
      fc.property(products, fc.boolean(), fc.boolean(), fc.boolean(), (p, oneB, withBias, relu) => {
        const { m, k, n, batch, ...transposed } = p;
        const [as, bs, biases] = [batch * m * k, (oneB ? 1 : batch) * k * n, n].map((count, i) =>
          randomArray(count, i + 1),
        ) as [Float32Array, Float32Array, Float32Array];
        const expected = reference(as, bs, p);
        tf.tidy(() => {
          const a = tf.tensor(as, [batch, ...(p.transposeA ? [k, m] : [m, k])]);
          const b = tf.tensor(bs, [oneB ? 1 : batch, ...(p.transposeB ? [n, k] : [k, n])]);
          expect(relativeError(runOurs('BatchMatMul', { a, b }, transposed)[0]!, expected)).toBeLessThan(1e-5);
          const bias = withBias ? { bias: tf.tensor1d(biases) } : {};
          const attrs = { ...transposed, activation: relu ? 'relu' : 'linear' };
          const [fused] = runOurs('_FusedMatMul', { a, b, ...bias }, attrs);
          if (withBias) for (let i = 0; i < expected.length; i++) expected[i]! += biases[i % n]!;
          const rounding = Math.max(...expected.map(Math.abs)) * 1e-5;
          const wrong = fused!.findIndex((value, i) => {
            const exact = relu ? Math.max(expected[i]!, 0) : expected[i]!;
            return !(Math.abs(value - exact) <= rounding);
          });
          expect(wrong).toBe(-1);
        });
      }),
      { ...RUNS, seed: 6 },
    );
  });

  const both = (f: () => tf.Tensor) =>
    Promise.all(['cpu', WASM_BACKEND].map(async (name) => ({ name, f }))).then(async (list) => {
      const out: Float32Array[] = [];
      for (const { name, f: run } of list) {
        await tf.setBackend(name);
        out.push(tf.tidy(() => run().dataSync() as Float32Array));
      }
      return out as [Float32Array, Float32Array];
    });

  it('agrees with the stock cpu backend over batches', async () => {
    const [stock, ours] = await both(() => {
      const a = tf.tensor4d(randomArray(2 * 3 * 5 * 7, 1), [2, 3, 5, 7]);
      const b = tf.tensor4d(randomArray(2 * 3 * 4 * 7, 2), [2, 3, 4, 7]);
      return tf.matMul(a, b, false, true);
    });
    expect(relativeError(ours, stock)).toBeLessThan(1e-5);
    expect(kernelCalls()).toEqual({ BatchMatMul: 1 });
  });

  it('gives a partly broadcast batch to the stock kernel', async () => {
    const [stock, ours] = await both(() =>
      tf.matMul(tf.ones([2, 3, 4, 5]), tf.tensor4d(randomArray(3 * 5 * 2, 2), [1, 3, 5, 2])),
    );
    expect(Array.from(ours)).toEqual(Array.from(stock));
    expect(kernelCalls().BatchMatMul).toBeUndefined();
  });

  it.each(['linear', 'relu', 'elu'] as const)('agrees on a fused product with bias and %s', async (activation) => {
    const [stock, ours] = await both(() =>
      tf.fused.matMul({
        a: tf.tensor2d(randomArray(12, 1), [3, 4]),
        b: tf.tensor2d(randomArray(20, 2), [4, 5]),
        bias: tf.tensor1d(randomArray(5, 3)),
        activation,
      }),
    );
    expect(relativeError(ours, stock)).toBeLessThan(1e-5);
    expect(kernelCalls()._FusedMatMul).toBe(activation === 'elu' ? undefined : 1);
  });
});
