import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, runOurs } from '../harness.js';
import { slopes } from './slopes.js';

interface Sizes {
  positives: number;
  share: number;
  rows: number;
  width: number;
  list: number;
  temperature: number;
  seed: number;
}

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

function tensors(given: Example, { positives, share, rows, width, list }: Sizes) {
  return {
    anchors: tf.tensor2d(given.anchors, [positives * share, width]),
    positives: tf.tensor2d(given.positives, [positives, width]),
    rows: tf.tensor2d(given.rows, [rows, width]),
    negatives: tf.tensor2d(given.negatives, [positives * share, list], 'int32'),
  };
}

/** The loss of anchor a in float64. */
function naive(anchor: ArrayLike<number>, a: number, { positives, rows, negatives }: Example, s: Sizes): number {
  const cosine = (other: ArrayLike<number>, b: number) => {
    let [dot, aa, bb] = [0, 0, 0];
    for (let i = 0; i < s.width; i++) {
      const [x, y] = [anchor[i]!, other[b * s.width + i]!];
      dot += x * y;
      aa += x * x;
      bb += y * y;
    }
    return dot / Math.sqrt(Math.max(aa, 1e-16)) / Math.sqrt(Math.max(bb, 1e-16)) / s.temperature;
  };
  const own = cosine(positives, Math.floor(a / s.share));
  let others = 0;
  for (let k = 0; k < s.list; k++) others += Math.exp(cosine(rows, negatives[a * s.list + k]!) - own);
  return Math.log1p(others);
}

async function hold(s: Sizes, given = example(s)) {
  const [loss, gradient] = await runOurs(KERNELS.InfoNce, tensors(given, s), { temperature: s.temperature });
  const anchor = (a: number) => given.anchors.subarray(a * s.width, (a + 1) * s.width);
  const expected = Array.from(loss!, (_, a) => naive(anchor(a), a, given, s));
  expect(loss!.length).toBe(s.positives * s.share);
  expectClose(loss!, expected, 1e-5);
  // Each loss depends on its own anchor only; a cosine's slope is at most 1 over the anchor's length.
  loss!.forEach((_, a) => {
    const slope = slopes(anchor(a), (x) => naive(x, a, given, s), 1e-6);
    const largest = Math.max(1 / Math.hypot(...anchor(a)) / s.temperature, 1);
    slope.forEach((value, i) => {
      expect(Math.abs(gradient![a * s.width + i]! - value) / largest).toBeLessThan(1e-5);
    });
  });
}

describeGpu('InfoNCE', () => {
  it('is the loss of anchors against a positive and a list of rows, with its slope in the anchor', async () => {
    const sizes = fc.record({
      positives: fc.integer({ min: 1, max: 3 }),
      share: fc.integer({ min: 1, max: 3 }),
      rows: fc.integer({ min: 1, max: 40 }),
      width: fc.constantFrom(1, 3, 17),
      list: fc.constantFrom(1, 3, 30, 129, 600),
      temperature: fc.constantFrom(0.5, 0.07, 3),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, (one) => hold(one)),
      { seed: 3, numRuns: 25 },
    );
  });

  it.each([
    [16, 9, 512],
    [64, 1, 100],
    [300, 1, 20],
  ])('takes rows of %i channels, %i anchors a positive and lists of %i', async (width, share, list) => {
    await hold({ positives: 2, share, rows: 700, width, list, temperature: 0.5, seed: 1 });
  });

  it('keeps a tiny loss to relative accuracy', async () => {
    const s: Sizes = { positives: 1, share: 1, rows: 1, width: 3, list: 3, temperature: 0.1, seed: 0 };
    const given = { ...example(s), anchors: Float32Array.of(1, 2, 3), rows: Float32Array.of(-1, -2, -3) };
    given.positives = Float32Array.of(1, 2, 3);
    const [loss] = await runOurs(KERNELS.InfoNce, tensors(given, s), { temperature: 0.1 });
    expect(Math.abs(loss![0]! / (3 * Math.exp(-20)) - 1)).toBeLessThan(1e-5);
  });

  it('is finite, and 0 where it must be, for vectors of zeros and of a hundred-millionth', async () => {
    const s: Sizes = { positives: 1, share: 2, rows: 2, width: 3, list: 5, temperature: 0.5, seed: 0 };
    const given = { ...example(s), anchors: Float32Array.of(0, 0, 0, 1e-9, 0, 0), rows: new Float32Array(6) };
    const [loss, gradient] = await runOurs(KERNELS.InfoNce, tensors(given, s), { temperature: 0.5 });
    expectClose(
      loss!,
      [0, 1].map((a) => naive(given.anchors.subarray(3 * a, 3 * a + 3), a, given, s)),
    );
    expect([...gradient!].every(Number.isFinite)).toBe(true);
  });

  it('is NaN for a number that is no row and for rows of NaN, for those anchors alone', async () => {
    const s: Sizes = { positives: 1, share: 5, rows: 7, width: 3, list: 5, temperature: 0.5, seed: 0 };
    const given = example(s);
    given.negatives = Int32Array.from({ length: 25 }, (_, i) => i % 6);
    given.negatives[8] = 7;
    given.negatives[12] = -1;
    given.negatives[17] = 6;
    given.rows.fill(NaN, 18, 19);
    const [loss, gradient] = await runOurs(KERNELS.InfoNce, tensors(given, s), { temperature: 0.5 });
    const expected = [false, true, true, true, false];
    expect([...loss!].map(Number.isNaN)).toEqual(expected);
    expect([...gradient!].map(Number.isNaN)).toEqual(expected.flatMap((is) => [is, is, is]));
  });

  it('refuses more channels than a workgroup has memory for', async () => {
    const s: Sizes = { positives: 1, share: 1, rows: 1, width: 1025, list: 1, temperature: 0.5, seed: 0 };
    await expect(runOurs(KERNELS.InfoNce, tensors(example(s), s), { temperature: 0.5 })).rejects.toThrow(
      'at most 1024 channels, got [1,1025]',
    );
  });

  it('is 0 against no rows', async () => {
    const s: Sizes = { positives: 1, share: 2, rows: 1, width: 3, list: 0, temperature: 0.5, seed: 0 };
    const [loss, gradient] = await runOurs(KERNELS.InfoNce, tensors(example(s), s), { temperature: 0.5 });
    expect([...loss!, ...gradient!].every((value) => value === 0)).toBe(true);
  });
});
