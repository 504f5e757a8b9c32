import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { relativeError } from '../reference.js';
import { expectClose, integers, normals, RUNS, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

interface Sizes {
  positives: number;
  share: number;
  rows: number;
  width: number;
  list: number;
  temperature: number;
  seed: number;
}

const sizes = fc.record({
  positives: fc.integer({ min: 1, max: 3 }),
  share: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 40 }),
  width: fc.constantFrom(1, 3, 4, 5, 16, 17),
  list: fc.constantFrom(1, 3, 4, 30, 129),
  temperature: fc.constantFrom(0.5, 0.07, 3),
  seed: fc.nat(),
});

function example({ positives, share, rows, width, list, seed }: Sizes) {
  const anchors = positives * share;
  return {
    anchors: normals(anchors * width, seed),
    positives: normals(positives * width, seed + 1),
    rows: normals(rows * width, seed + 2),
    negatives: integers(anchors * list, 0, rows, seed + 3),
  };
}

type Example = ReturnType<typeof example>;

/** Losses, and the slope of each in its anchor, in float64. */
function naive({ anchors, positives, rows, negatives }: Example, s: Sizes) {
  const { width, temperature } = s;
  const row = (x: Float32Array, i: number) => x.subarray(i * width, (i + 1) * width);
  const unit = (x: Float32Array) => {
    const length = Math.sqrt(
      Math.max(
        Float64Array.from(x, (value) => value * value).reduce((a, b) => a + b),
        1e-16,
      ),
    );
    return { length, direction: Float64Array.from(x, (value) => value / length) };
  };
  const count = s.positives * s.share;
  const loss = new Float64Array(count);
  const slope = new Float64Array(count * width);
  for (let a = 0; a < count; a++) {
    const { length, direction } = unit(row(anchors, a));
    const targets = [unit(row(positives, Math.floor(a / s.share))).direction];
    for (let k = 0; k < s.list; k++) targets.push(unit(row(rows, negatives[a * s.list + k]!)).direction);
    const cosines = targets.map((target) => target.reduce((sum, value, i) => sum + value * direction[i]!, 0));
    const powers = cosines.map((cosine) => Math.exp((cosine - cosines[0]!) / temperature));
    const others = powers.slice(1).reduce((sum, power) => sum + power, 0);
    loss[a] = Math.log1p(others);
    targets.forEach((target, k) => {
      const share = (k === 0 ? -others : powers[k]!) / (1 + others) / temperature / length;
      for (let i = 0; i < width; i++) slope[a * width + i]! += share * (target[i]! - cosines[k]! * direction[i]!);
    });
  }
  return { loss, slope };
}

function tensors(given: Example, s: Sizes) {
  const count = s.positives * s.share;
  return {
    anchors: tf.tensor2d(given.anchors, [count, s.width]),
    positives: tf.tensor2d(given.positives, [s.positives, s.width]),
    rows: tf.tensor2d(given.rows, [s.rows, s.width]),
    negatives: tf.tensor2d(given.negatives, [count, s.list], 'int32'),
  };
}

it('is the loss of anchors against a positive and a list of rows, with its slope in the anchor', () => {
  const hold = (s: Sizes) => {
    const given = example(s);
    const inputs = tensors(given, s);
    const [loss, slope] = runOurs(KERNELS.InfoNce, inputs, { temperature: s.temperature });
    const expected = naive(given, s);
    expect(relativeError(loss!, expected.loss)).toBeLessThan(1e-5);
    // A slope is at most 2 over the anchor's length and the temperature; where an anchor is one number it is 0, and only rounding is left.
    const errors = expected.slope.map((value, i) => {
      const a = Math.floor(i / s.width) * s.width;
      const most = 2 / Math.hypot(...given.anchors.subarray(a, a + s.width)) / s.temperature;
      return Math.abs(slope![i]! - value) / most;
    });
    expect(Math.max(...errors)).toBeLessThan(1e-5);
    tf.dispose(inputs);
  };
  fc.assert(fc.property(sizes, hold), RUNS);
});

it('is for anchors that threads share what it is for each alone', () => {
  const s: Sizes = { positives: 2, share: 40, rows: 500, width: 16, list: 129, temperature: 0.5, seed: 1 };
  const given = example(s);
  const run = (inputs: ReturnType<typeof tensors>) => runOurs(KERNELS.InfoNce, inputs, { temperature: 0.5 });
  tf.tidy(() => {
    const [loss, gradient] = run(tensors(given, s));
    for (let a = 0; a < 80; a += 7) {
      const p = Math.floor(a / 40);
      const alone = {
        ...given,
        anchors: given.anchors.subarray(a * 16, a * 16 + 16),
        positives: given.positives.subarray(p * 16, p * 16 + 16),
        negatives: given.negatives.subarray(a * 129, a * 129 + 129),
      };
      const [own, slope] = run(tensors(alone, { ...s, positives: 1, share: 1 }));
      expect(loss![a]).toBe(own![0]);
      expect([...gradient!.subarray(a * 16, a * 16 + 16)]).toEqual([...slope!]);
    }
  });
});

it('is finite, and 0 where it must be, for vectors of zeros and of a hundred-millionth', () => {
  const s: Sizes = { positives: 1, share: 2, rows: 2, width: 3, list: 5, temperature: 0.5, seed: 0 };
  const given = { ...example(s), anchors: Float32Array.of(0, 0, 0, 1e-9, 0, 0), rows: new Float32Array(6) };
  const inputs = tensors(given, s);
  const [loss, gradient] = runOurs(KERNELS.InfoNce, inputs, { temperature: 0.5 });
  expectClose(loss!, naive(given, s).loss);
  expect([...gradient!].every(Number.isFinite)).toBe(true);
  tf.dispose(inputs);
});

it('names a row that does not exist', () => {
  const s: Sizes = { positives: 1, share: 2, rows: 7, width: 3, list: 5, temperature: 0.5, seed: 0 };
  const given = example(s);
  given.negatives[8] = 7;
  expect(() => runOurs(KERNELS.InfoNce, tensors(given, s), { temperature: 0.5 })).toThrow(
    /negatives\[8\] is 7, expected 0 to 6/,
  );
});
