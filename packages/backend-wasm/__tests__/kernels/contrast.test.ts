import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { expectClose, integers, normals, runOurs, useWasm } from './harness.js';
import { slopes } from './slopes.js';

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

function naive(anchors: ArrayLike<number>, { positives, rows, negatives }: Example, s: Sizes): Float64Array {
  const cosine = (a: number, other: ArrayLike<number>, b: number) => {
    let [dot, aa, bb] = [0, 0, 0];
    for (let i = 0; i < s.width; i++) {
      const [x, y] = [anchors[a * s.width + i]!, other[b * s.width + i]!];
      dot += x * y;
      aa += x * x;
      bb += y * y;
    }
    return dot / Math.sqrt(Math.max(aa, 1e-16)) / Math.sqrt(Math.max(bb, 1e-16)) / s.temperature;
  };
  return Float64Array.from({ length: s.positives * s.share }, (_, a) => {
    const own = cosine(a, positives, Math.floor(a / s.share));
    let others = 0;
    for (let k = 0; k < s.list; k++) others += Math.exp(cosine(a, rows, negatives[a * s.list + k]!) - own);
    return Math.log1p(others);
  });
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

function hold(s: Sizes) {
  const given = example(s);
  const { temperature } = s;
  tf.tidy(() => {
    const inputs = tensors(given, s);
    const [loss, gradient] = runOurs(KERNELS.InfoNce, inputs, { temperature });
    expectClose(loss!, naive(given.anchors, given, s), 2e-5);
    // Each loss depends on its own anchor only.
    const sum = (anchors: Float64Array) => naive(anchors, given, s).reduce((total, value) => total + value, 0);
    const expected = slopes(given.anchors, sum, 1e-6);
    // A cosine's slope is at most 1 over the anchor's length; where an anchor is one number it is 0, and only rounding is left.
    const lengths = Array.from(loss!, (_, a) => Math.hypot(...given.anchors.subarray(a * s.width, (a + 1) * s.width)));
    const largest = Math.max(...lengths.map((length) => 1 / length / temperature), 1);
    gradient!.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!) / largest).toBeLessThan(2e-5);
    });
  });
}

it('is the loss of anchors against a positive and a list of rows, with its slope in the anchor', () => {
  fc.assert(fc.property(sizes, hold), { numRuns: 150 });
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
  expectClose(loss!, naive(given.anchors, given, s));
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
