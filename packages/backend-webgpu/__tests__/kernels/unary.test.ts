import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, run, runOurs } from '../harness.js';
import { differing } from './elementsAt.js';

/** erf x to float64, by its series near 0 and a continued fraction for the complement. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let [term, sum] = [a, a];
    for (let n = 1; n < 80; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = a;
  for (let n = 80; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / fraction / Math.sqrt(Math.PI));
}

function halfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** What each kernel computes of a float, and where it is asked: [low, high] of uniformly spread numbers. */
const FLOATS: Record<string, [of: (x: number) => number, low: number, high: number, attrs?: object]> = {
  Relu: [(x) => Math.max(x, 0), -5, 5],
  Relu6: [(x) => Math.min(Math.max(x, 0), 6), -9, 9],
  LeakyRelu: [(x) => (x < 0 ? 0.2 * x : x), -5, 5, { alpha: 0.2 }],
  Elu: [(x) => (x < 0 ? Math.expm1(x) : x), -9, 3],
  Selu: [(x) => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x), -9, 3],
  Neg: [(x) => -x, -5, 5],
  Abs: [Math.abs, -5, 5],
  Sign: [Math.sign, -2, 2],
  Square: [(x) => x * x, -5, 5],
  Sqrt: [Math.sqrt, 0, 90],
  Rsqrt: [(x) => 1 / Math.sqrt(x), 1e-3, 90],
  Reciprocal: [(x) => 1 / x, 0.1, 90],
  Floor: [Math.floor, -9, 9],
  Ceil: [Math.ceil, -9, 9],
  Round: [halfToEven, -9, 9],
  Exp: [Math.exp, -20, 20],
  Expm1: [Math.expm1, -2, 2],
  Log: [Math.log, 1e-3, 90],
  Log1p: [Math.log1p, -0.99, 9],
  Sigmoid: [(x) => 1 / (1 + Math.exp(-x)), -30, 30],
  Softplus: [(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), -30, 30],
  Tanh: [Math.tanh, -12, 12],
  Erf: [erf, -5, 5],
  Sin: [Math.sin, -30, 30],
  Cos: [Math.cos, -30, 30],
  Step: [(x) => (x > 0 ? 1 : 0.5), -2, 2, { alpha: 0.5 }],
  ClipByValue: [(x) => Math.min(Math.max(x, -1.5), 2.5), -5, 5, { clipValueMin: -1.5, clipValueMax: 2.5 }],
};

describeGpu('unary kernels', () => {
  it.each(Object.keys(FLOATS))('%s of floats agrees with float64, for any size, and keeps NaN', async (name) => {
    const [of, low, high, attrs] = FLOATS[name]!;
    for (const shape of [[], [3], [7, 11, 13]]) {
      const count = shape.reduce((a, b) => a * b, 1);
      const x = Float32Array.from({ length: count }, (_, i) => low + ((high - low) * (i + 0.5)) / count);
      const [y] = await runOurs(name, { x: tf.tensor(x, shape) }, attrs);
      expectClose(y!, Array.from(x, of), 1e-6);
    }
    const [y] = await runOurs(name, { x: tf.tensor([1, NaN, 1]) }, attrs);
    expect(y![1]).toBe(name === 'Sign' ? 0 : NaN);
  });

  it('is accurate where a result is small or large', async () => {
    const tiny = Float32Array.of(1e-20, -3e-8, 1e-5, -2e-4, 3e-3);
    const near = Float32Array.of(1 - 2 ** -24, 1 + 2 ** -23, 1.0001, 0.999);
    const far = Float32Array.of(-103, -87, 60, 80.5, 88.7, 90, 1000);
    const cases: [string, Float32Array, (x: number) => number][] = [
      ['Log1p', tiny, Math.log1p],
      ['Expm1', tiny, Math.expm1],
      ['Tanh', tiny, Math.tanh],
      ['Erf', tiny, erf],
      ['Log', near, Math.log],
      ['Exp', far, (x) => (x < -100 ? 0 : Math.exp(x))],
      ['Log', Float32Array.of(0, 1e30, 1e-30, Number.POSITIVE_INFINITY, -1), Math.log],
      ['Log1p', Float32Array.of(-1, 1e30, Number.POSITIVE_INFINITY, -2), Math.log1p],
      ['Tanh', Float32Array.of(-1e30, 50, 1e6), Math.tanh],
      ['Sigmoid', Float32Array.of(-80, -20, 1000), (x) => 1 / (1 + Math.exp(-x))],
      ['Softplus', Float32Array.of(-80, -20, 1e20), (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
    ];
    for (const [name, x, of] of cases) {
      const [y] = await runOurs(name, { x: tf.tensor(x) });
      x.forEach((value, i) => {
        const expected = Math.fround(of(value));
        if (!(Math.abs(y![i]! - expected) <= 1e-6 * Math.abs(expected)))
          expect(y![i], `${name}(${value})`).toBe(expected);
      });
    }
  });

  it('Erf is within 2e-7, unlike the stock approximation', async () => {
    const x = Float32Array.from({ length: 4000 }, (_, i) => (i - 2000) / 400);
    const [y] = await runOurs('Erf', { x: tf.tensor(x) });
    const error = Math.max(...x.map((value, i) => Math.abs(y![i]! - erf(value))));
    expect(error).toBeLessThan(2e-7);
  });

  it('Round goes to the even neighbour from halfway', async () => {
    const [y] = await runOurs('Round', { x: tf.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6]) });
    expect([...y!].map((v) => v + 0)).toEqual([-2, -2, 0, 0, 2, 2, 2, 3]);
  });

  it('whole numbers stay whole and exact', async () => {
    const x = integers(77, -40_000, 40_000, 3);
    const cases: [string, (v: number) => number, object?][] = [
      ['Relu', (v) => Math.max(v, 0)],
      ['Neg', (v) => -v],
      ['Abs', Math.abs],
      ['Sign', Math.sign],
      ['Square', (v) => v * v],
      ['Floor', (v) => v],
      ['Step', (v) => (v > 0 ? 1 : 0), { alpha: 0.5 }],
      ['ClipByValue', (v) => Math.trunc(Math.min(Math.max(v, -2.5), 3.5)), { clipValueMin: -2.5, clipValueMax: 3.5 }],
    ];
    for (const [name, of, attrs] of cases) {
      const input = tf.tensor(x, [7, 11], 'int32');
      const [y] = run(name, { x: input }, attrs);
      expect(y!.dtype).toBe('int32');
      expect([...(await y!.data())], name).toEqual(Array.from(x, (v) => of(v) + 0 || 0));
      tf.dispose([input, y!]);
    }
    const [exp] = run('Exp', { x: tf.tensor([0, 1], [2], 'int32') });
    expect(exp!.dtype).toBe('float32');
    expectClose(await exp!.data(), [1, Math.E], 1e-6);
  });

  it('tells NaN and infinities, and inverts bools', async () => {
    const x = [0, -1e30, NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const cases: [string, (v: number) => boolean][] = [
      ['IsNan', Number.isNaN],
      ['IsFinite', Number.isFinite],
      ['IsInf', (v) => Math.abs(v) === Number.POSITIVE_INFINITY],
    ];
    for (const [name, of] of cases) {
      const [y] = run(name, { x: tf.tensor(x) });
      expect(y!.dtype).toBe('bool');
      expect([...(await y!.data())]).toEqual(x.map((v) => +of(v)));
      const [ints] = await runOurs(name, { x: tf.tensor([1, 2], [2], 'int32') });
      expect([...ints!]).toEqual(name === 'IsFinite' ? [1, 1] : [0, 0]);
    }
    const [not] = await runOurs('LogicalNot', { x: tf.tensor([true, false, true], [3], 'bool') });
    expect([...not!]).toEqual([0, 1, 0]);
  });

  it('works through many workgroups, and on tensors without elements', async () => {
    const x = normals(1_000_003, 5);
    const [y] = await runOurs('Neg', { x: tf.tensor(x) });
    expect(
      differing(
        y!,
        x.map((v) => -v),
      ),
    ).toBe(0);
    const [none] = await runOurs('Relu', { x: tf.tensor([], [0, 3]) });
    expect(none!.length).toBe(0);
  });
});
