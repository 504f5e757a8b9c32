import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Sgd } from '../../src/optimizers/sgd.js';

beforeAll(async () => {
  await useBackend('cpu');
});

/** PyTorch's SGD on numbers. */
function pytorch(
  p: number,
  gradients: number[],
  o: { lr: number; momentum: number; decay: number; nesterov: boolean },
) {
  let [value, velocity] = [p, 0];
  gradients.forEach((gradient, step) => {
    const g = gradient + o.decay * value;
    // PyTorch's buffer starts as the first gradient.
    velocity = step === 0 ? g : o.momentum * velocity + g;
    value -= o.lr * (o.nesterov ? g + o.momentum * velocity : velocity);
  });
  return value;
}

const value = (x: tf.Tensor) => x.dataSync()[0]!;

describe('Sgd', () => {
  it('moves as PyTorch does', () => {
    const number = fc.double({ min: -2, max: 2, noNaN: true });
    const run = (p: number, gradients: number[], momentum: number, nesterov: boolean) => {
      const w = tf.variable(tf.scalar(p));
      const sgd = new Sgd({ w }, { learningRate: 0.1, momentum, nesterov, weightDecay: 0.05 });
      for (const g of gradients) tf.tidy(() => sgd.step({ w: tf.scalar(g) }));
      const expected = pytorch(p, gradients, { lr: 0.1, momentum, decay: 0.05, nesterov: nesterov && momentum > 0 });
      expect(value(w)).toBeCloseTo(expected, 4);
      sgd.dispose();
      w.dispose();
    };
    fc.assert(
      fc.property(number, fc.array(number, { maxLength: 5 }), fc.constantFrom(0, 0.5, 0.9), fc.boolean(), run),
      { numRuns: 40 },
    );
  });

  it('moves the same with a scaled loss, once its scale has fallen to where gradients are finite', () => {
    const losses = (lossScale: number | undefined) => {
      const w = tf.variable(tf.tensor1d([1, -2]));
      const sgd = new Sgd({ w }, { learningRate: 0.1, lossScale });
      const step = () =>
        sgd.minimise(() => ({ loss: tf.mul(tf.sum(tf.square(w)), 1e10) as tf.Scalar, of: tf.scalar(1) }));
      const terms = step();
      const [scale] = sgd.slots().lossScale?.dataSync() ?? [];
      const found = { loss: value(terms.loss!), w: [...w.dataSync()], scale };
      tf.dispose([terms, w]);
      sgd.dispose();
      return found;
    };
    expect(losses(2 ** 20)).toEqual({ ...losses(undefined), scale: 2 ** 20 });
    // 2¹²⁰ · 10¹⁰ is too large for float32: the step is left out.
    expect(losses(2 ** 120)).toEqual({ loss: losses(undefined).loss, w: [1, -2], scale: 2 ** 119 });
  });

  it('keeps its loss scale in a slot, and takes that of a checkpoint; without one it has none', () => {
    const w = tf.variable(tf.scalar(1));
    const [scaled, plain] = [8, undefined].map((lossScale) => new Sgd({ w }, { learningRate: 0.1, lossScale }));
    expect(Object.keys(plain!.slots())).toEqual([]);
    tf.tidy(() => scaled!.restore({ lossScale: tf.tensor1d([4, 2, 0.25]) }));
    tf.tidy(() => plain!.restore({ lossScale: tf.tensor1d([4, 2, 0.25]) }));
    expect([...scaled!.slots().lossScale!.dataSync()]).toEqual([4, 2, 0.25]);
    expect(Object.keys(plain!.slots())).toEqual([]);
    tf.dispose(w);
    scaled!.dispose();
  });

  it('skips a parameter without a gradient entirely, and decays one whose gradient is zero', () => {
    const [a, b] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))];
    const sgd = new Sgd({ a, b }, { learningRate: 0.1, weightDecay: 0.5, momentum: 0.9 });
    tf.tidy(() => sgd.step({ a: null, b: tf.scalar(0) }));
    expect(value(a)).toBe(1);
    expect(value(b)).toBeCloseTo(1 - 0.1 * (0.5 + 0.9 * 0.5), 6);
    expect(Object.keys(sgd.slots())).toEqual(['b']);
  });

  it('moves every parameter once, however many there are', () => {
    const sizes = [600_000, 600_000, 1_500_000, 3, 1_048_573];
    const parameters = Object.fromEntries(
      sizes.map((size, i) => [`w${i}`, tf.tidy(() => tf.variable(tf.ones([size])))]),
    );
    const sgd = new Sgd(parameters, { learningRate: 0.25, momentum: 0 });
    tf.tidy(() => sgd.step(Object.fromEntries(Object.entries(parameters).map(([name, w]) => [name, tf.onesLike(w)]))));
    for (const w of Object.values(parameters)) expect([tf.min(w), tf.max(w)].map(value)).toEqual([0.75, 0.75]);
    sgd.dispose();
    tf.dispose(parameters);
  });

  it('minimises what it is given, hands out all terms, and leaves unused parameters alone', () => {
    const [used, unused] = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(5))];
    const sgd = new Sgd({ used, unused }, { learningRate: 0.1, momentum: 0 });
    const { numTensors } = tf.memory();
    const terms = sgd.minimise(() => {
      const square = tf.square(used) as tf.Scalar;
      return { loss: tf.mul(square, 2) as tf.Scalar, square };
    });
    expect([value(terms.loss!), value(terms.square!)]).toEqual([18, 9]);
    expect(value(used)).toBeCloseTo(3 - 0.1 * 12, 5);
    expect(value(unused)).toBe(5);
    tf.dispose(terms);
    expect(tf.memory().numTensors).toBe(numTensors + 1); // one velocity
  });

  it('moves averages along in the same pass, also of parameters without a gradient', () => {
    const make = (value: number) => tf.variable(tf.tensor1d([value, -value]));
    const [a, b, followsA, followsB] = [make(1), make(2), make(3), make(4)];
    const sgd = new Sgd({ a, b }, { learningRate: 0.1, momentum: 0 });
    const average = {
      of: new Map([
        [a, followsA],
        [b, followsB],
      ]),
      decay: 0.75,
    };
    const { numTensors } = tf.memory();
    tf.tidy(() => sgd.step({ a: tf.tensor1d([1, 1]) }, average));
    expect([...a.dataSync()]).toEqual([expect.closeTo(0.9, 6), expect.closeTo(-1.1, 6)]);
    expect([...followsA.dataSync()]).toEqual([expect.closeTo(2.475, 6), expect.closeTo(-2.525, 6)]);
    expect([...b.dataSync()]).toEqual([2, -2]);
    expect([...followsB.dataSync()]).toEqual([3.5, -3.5]);
    expect(Object.keys(sgd.slots())).toEqual(['a']);
    expect(tf.memory().numTensors).toBe(numTensors + 1); // one velocity
  });

  it('goes on from restored slots', () => {
    const make = () => {
      const w = tf.variable(tf.tensor1d([1, -1]));
      return { w, sgd: new Sgd({ w }, { learningRate: 0.1 }) };
    };
    const [one, two] = [make(), make()];
    tf.tidy(() => one.sgd.step({ w: tf.tensor1d([1, 2]) }));
    two.w.assign(one.w);
    two.sgd.restore(one.sgd.slots());
    for (const { sgd } of [one, two]) tf.tidy(() => sgd.step({ w: tf.tensor1d([1, 2]) }));
    expect([...two.w.dataSync()]).toEqual([...one.w.dataSync()]);
    expect(() => two.sgd.restore({ w: tf.zeros([3]) })).toThrow("optimizer slot 'w' of shape [3] fits no parameter");
    expect(() => two.sgd.restore({ v: tf.zeros([2]) })).toThrow("optimizer slot 'v'");
  });

  it('refuses rates that make no sense', () => {
    expect(() => new Sgd({}, { learningRate: -1 })).toThrow('expected learningRate >= 0');
    expect(() => new Sgd({}, { learningRate: 1, momentum: 1 })).toThrow('0 <= momentum < 1');
  });
});
