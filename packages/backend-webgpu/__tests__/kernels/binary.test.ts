import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, run, runOurs, sizeOf } from '../harness.js';

type Shape = readonly number[];
type Values = ArrayLike<number>;

const broadcastShape = (a: Shape, b: Shape): number[] => {
  const rank = Math.max(a.length, b.length);
  const padded = (shape: Shape) => [...Array(rank - shape.length).fill(1), ...shape];
  const [left, right] = [padded(a), padded(b)];
  return left.map((n, i) => (n === 1 ? right[i]! : n));
};

/** An operand's elements written out in the result's shape. */
function spread(values: Values, shape: Shape, result: Shape): number[] {
  return Array.from({ length: sizeOf(result) }, (_, index) => {
    let [at, step] = [0, 1];
    for (let i = result.length - 1, own = shape.length - 1; own >= 0; i--, own--) {
      at += (shape[own] === 1 ? 0 : index % result[i]!) * step;
      step *= shape[own]!;
      index = Math.floor(index / result[i]!);
    }
    return values[at]!;
  });
}

function expected(of: (a: number, b: number) => number, a: Values, aShape: Shape, b: Values, bShape: Shape): number[] {
  const shape = broadcastShape(aShape, bShape);
  const right = spread(b, bShape, shape);
  return spread(a, aShape, shape).map((value, i) => of(value, right[i]!));
}

const modulo = (a: number, b: number) => a - Math.floor(a / b) * b;

const FLOATS: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  RealDiv: (a, b) => a / b,
  FloorDiv: (a, b) => Math.floor(a / b),
  Mod: modulo,
  Maximum: Math.max,
  Minimum: Math.min,
  SquaredDifference: (a, b) => (a - b) ** 2,
  Greater: (a, b) => +(a > b),
  GreaterEqual: (a, b) => +(a >= b),
  Less: (a, b) => +(a < b),
  LessEqual: (a, b) => +(a <= b),
  Equal: (a, b) => +(a === b),
  NotEqual: (a, b) => +(a !== b),
};

const SHAPES: [Shape, Shape][] = [
  [[], []],
  [[5], []],
  [[2, 3, 4, 5, 3], [3]],
  [[2, 3, 4, 5, 8], [8]],
  [
    [3, 1, 5, 1],
    [2, 1, 4],
  ],
  [
    [7, 1],
    [7, 8],
  ],
  [
    [2, 1, 3, 1, 4, 1],
    [1, 5, 1, 2, 1, 4],
  ],
];

describeGpu('binary kernels', () => {
  it.each(Object.keys(FLOATS))(
    '%s agrees with float64 for any broadcasting, of floats and whole numbers',
    async (name) => {
      const of = FLOATS[name]!;
      const isBool = /Greater|Less|Equal/.test(name);
      for (const [aShape, bShape] of SHAPES.slice(1, 3)) {
        const [a, b] = [normals(sizeOf(aShape), 1), normals(sizeOf(bShape), 2)];
        a[0] = b[0]!;
        const [y] = await runOurs(name, { a: tf.tensor(a, [...aShape]), b: tf.tensor(b, [...bShape]) });
        expectClose(y!, expected(of, a, aShape, b, bShape), 2e-6);
        const [m, n] = [integers(a.length, -50, 50, 3), integers(b.length, 1, 9, 4)];
        const whole = run(name, { a: tf.tensor(m, [...aShape], 'int32'), b: tf.tensor(n, [...bShape], 'int32') })[0]!;
        expect(whole.dtype).toBe(isBool ? 'bool' : 'int32');
        expect([...(await whole.data())]).toEqual(expected(of, m, aShape, n, bShape).map((v) => Math.trunc(v) + 0));
      }
    },
  );

  it.each(SHAPES)('broadcasts %j with %j', async (aShape, bShape) => {
    const [a, b] = [normals(sizeOf(aShape), 1), normals(sizeOf(bShape), 2)];
    for (const [left, leftShape, right, rightShape] of [
      [a, aShape, b, bShape],
      [b, bShape, a, aShape],
    ] as const) {
      const result = run('Sub', { a: tf.tensor(left, [...leftShape]), b: tf.tensor(right, [...rightShape]) })[0]!;
      expect(result.shape).toEqual(broadcastShape(leftShape, rightShape));
      expectClose(
        await result.data(),
        expected((x, y) => x - y, left, leftShape, right, rightShape),
        1e-6,
      );
    }
  });

  it('broadcasts shapes drawn at random', async () => {
    const axis = fc.record({ n: fc.constantFrom(1, 2, 3, 4, 8), a: fc.boolean(), b: fc.boolean() });
    const property = fc.asyncProperty(fc.array(axis, { maxLength: 6 }), fc.nat(2), async (axes, cut) => {
      const aShape = axes.map(({ n, a }) => (a ? n : 1)).slice(cut);
      const bShape = axes.map(({ n, b }) => (b ? n : 1));
      const [a, b] = [normals(sizeOf(aShape), 5), normals(sizeOf(bShape), 6)];
      const [y] = await runOurs('Multiply', { a: tf.tensor(a, aShape), b: tf.tensor(b, bShape) });
      expectClose(
        y!,
        expected((p, q) => p * q, a, aShape, b, bShape),
        1e-6,
      );
    });
    await fc.assert(property, { seed: 7, numRuns: 12 });
  });

  it('Pow agrees with JavaScript, signs and zeros included', async () => {
    const a = [2, -2, -2, 0, 0, 5, 1.5, 10, -1.5, 0.3, 7, 1e-3, -8, 3];
    const b = [10, 3, 2, 0, 2, -1, 2.5, 0.5, 5, -7, 1 / 3, 12.5, 1 / 3, 70];
    const [y] = await runOurs('Pow', { a: tf.tensor(a), b: tf.tensor(b) });
    expectClose(
      y!,
      a.map((x, i) => Math.fround(Math.fround(x) ** Math.fround(b[i]!))),
      1e-5,
    );
    const small = a.map((_, i) => i).filter((i) => Math.abs(a[i]! ** b[i]!) < 10);
    for (const i of small)
      expect(y![i]! / Math.fround(a[i]!) ** Math.fround(b[i]!) || 1, `${a[i]}^${b[i]}`).toBeCloseTo(1, 5);
    const [m, n] = [
      [2, -3, 5, 1, -1, 7],
      [10, 3, 0, -4, -3, -1],
    ];
    const [whole] = await runOurs('Pow', { a: tf.tensor(m, [6], 'int32'), b: tf.tensor(n, [6], 'int32') });
    expect([...whole!]).toEqual([1024, -27, 1, 1, -1, 0]);
  });

  it('quotients of whole numbers come out whole, whatever their signs', async () => {
    const [a, b] = [integers(500, -3000, 3000, 1), integers(500, 1, 60, 2).map((v, i) => (i % 2 ? v : -v))];
    for (const dtype of ['int32', 'float32'] as const) {
      const [q] = await runOurs('FloorDiv', { a: tf.tensor(a, [500], dtype), b: tf.tensor(b, [500], dtype) });
      expect([...q!]).toEqual(Array.from(a, (v, i) => Math.floor(v / b[i]!) + 0));
      const [rest] = await runOurs('Mod', { a: tf.tensor(a, [500], dtype), b: tf.tensor(b, [500], dtype) });
      expect([...rest!].map((v) => v + 0)).toEqual(Array.from(a, (v, i) => modulo(v, b[i]!) + 0));
    }
  });

  it('NaN makes maxima and minima NaN and all comparisons but NotEqual false', async () => {
    const [a, b] = [
      [NaN, 1, NaN, 2],
      [1, NaN, NaN, 2],
    ];
    for (const [name, of] of Object.entries(FLOATS)) {
      const [y] = await runOurs(name, { a: tf.tensor(a), b: tf.tensor(b) });
      if (name !== 'FloorDiv') expect([...y!], name).toEqual(a.map((v, i) => of(v, b[i]!)));
    }
  });

  it('logic and Prelu and the gradient of Elu', async () => {
    const [a, b] = [tf.tensor([1, 0, 1, 0], [4], 'bool'), tf.tensor([1, 1, 0, 0], [4], 'bool')];
    expect([...(await run('LogicalAnd', { a, b })[0]!.data())]).toEqual([1, 0, 0, 0]);
    expect([...(await run('LogicalOr', { a, b })[0]!.data())]).toEqual([1, 1, 1, 0]);
    const x = normals(60, 3);
    const alpha = Float32Array.of(0.1, 0.2, 0.3);
    const [prelu] = await runOurs('Prelu', { x: tf.tensor(x, [20, 3]), alpha: tf.tensor(alpha) });
    expectClose(
      prelu!,
      Array.from(x, (v, i) => (v < 0 ? v * alpha[i % 3]! : v)),
      1e-6,
    );
    const [grad] = await runOurs('EluGrad', { dy: tf.tensor(x), y: tf.tensor(normals(60, 4)) });
    expectClose(
      grad!,
      Array.from(normals(60, 4), (y, i) => (y >= 0 ? x[i]! : x[i]! * (y + 1))),
      1e-6,
    );
  });

  it('tells a known float from a known whole number, also where both meet floats', async () => {
    for (const dtype of ['float32', 'int32'] as const) {
      const [y] = await runOurs('Add', { a: tf.tensor([0.5, 1.5]), b: tf.scalar(3, dtype) });
      expect([...y!]).toEqual([3.5, 4.5]);
    }
  });

  it('takes operands that were computed, one element or many', async () => {
    const scalar = run('Neg', { x: tf.scalar(-3) })[0]!;
    const [y] = await runOurs('Multiply', { a: tf.tensor(normals(50, 1)), b: scalar });
    expectClose(
      y!,
      normals(50, 1).map((v) => 3 * v),
      1e-6,
    );
  });

  it('works through more than 65535 workgroups, and on tensors without elements', async () => {
    const rows = 65_537 * 52;
    const a = new Float32Array(rows * 5).fill(2);
    a[a.length - 1] = 9;
    const [y] = await runOurs('Sub', { a: tf.tensor(a, [rows, 5]), b: tf.tensor([1, 2, 3, 4, 5]) });
    expect([...y!.slice(-5)]).toEqual([1, 0, -1, -2, 4]);
    expect(y!.every((v, i) => i >= rows * 5 - 5 || v === 1 - (i % 5))).toBe(true);
    const [none] = await runOurs('Add', { a: tf.tensor([], [0, 3]), b: tf.tensor([1, 2, 3]) });
    expect(none!.length).toBe(0);
  });
});
