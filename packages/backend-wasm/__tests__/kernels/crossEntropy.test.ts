import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../reference.js';
import { expectClose, integers, normals, RUNS, runOurs, scoped, useWasm } from './harness.js';
import { slopes } from './slopes.js';

beforeAll(useWasm);

const naive = (x: ArrayLike<number>, labels: ArrayLike<number>, classes: number) =>
  Float64Array.from(labels, (label, row) => {
    if (label === -1) return 0;
    let others = 0;
    for (let c = 0; c < classes; c++) {
      if (c !== label) others += Math.exp(x[row * classes + c]! - x[row * classes + label]!);
    }
    return Math.log1p(others);
  });

describe.each([1, 2, 3, 5, 17])('%i classes', (classes) => {
  const rows = 13;
  const logits = normals(rows * classes, 1, 3);
  const labels = integers(rows, -1, classes, 2);
  const dy = normals(rows, 3);
  const inputs = () => ({
    logits: tf.tensor2d(logits, [rows, classes]),
    labels: tf.tensor1d(labels, 'int32'),
  });

  it('is the log of the summed exponentials less the logit of the label', () => {
    const [loss] = runOurs(KERNELS.SoftmaxCrossEntropy, inputs(), { ignoreIndex: -1 });
    expectClose(loss!, naive(logits, labels, classes));
  });

  it('has the slopes of the formula as its gradient', () => {
    const [dx] = runOurs(KERNELS.SoftmaxCrossEntropyGrad, { ...inputs(), dy: tf.tensor1d(dy) }, { ignoreIndex: -1 });
    const expected = slopes(logits, (x) => naive(x, labels, classes).reduce((sum, l, i) => sum + l * dy[i]!, 0));
    expectClose(dx!, expected, 1e-4);
  });
});

it.each([2, 3])('stays finite and exact for logits of a thousand, %i classes', (classes) => {
  const logits = tf.tensor2d([1000, 0, -1000, 0, 1000, 0].slice(0, 2 * classes), [2, classes]);
  const labels = tf.tensor1d([1, 0], 'int32');
  const [loss] = runOurs(KERNELS.SoftmaxCrossEntropy, { logits, labels }, { ignoreIndex: -1 });
  expectClose(loss!, [1000, 1000]);
});

it('keeps a tiny loss and its gradient to relative accuracy', () => {
  const logits = tf.tensor2d([0, 25], [1, 2]);
  const labels = tf.tensor1d([1], 'int32');
  const [loss] = runOurs(KERNELS.SoftmaxCrossEntropy, { logits, labels }, { ignoreIndex: -1 });
  expectClose(loss!, [Math.exp(-25)]);
  const dy = tf.tensor1d([1]);
  const [dx] = runOurs(KERNELS.SoftmaxCrossEntropyGrad, { dy, logits, labels }, { ignoreIndex: -1 });
  expectClose(dx!, [Math.exp(-25), -Math.exp(-25)]);
});

it('refuses a label that is no class', () => {
  const inputs = { logits: tf.zeros([2, 3]), labels: tf.tensor1d([0, 3], 'int32') };
  expect(() => runOurs(KERNELS.SoftmaxCrossEntropy, inputs, { ignoreIndex: -1 })).toThrow(
    /labels\[1\] is 3, expected 0 to 2/,
  );
});

/** Random rows of classes, with a label each that may be −1. */
const labelledRows = fc.record({
  rows: fc.integer({ min: 1, max: 70 }),
  classes: fc.constantFrom(1, 2, 3, 5, 17),
  scale: fc.constantFrom(0.1, 3, 40),
  seed: fc.nat(),
});

/** Softmax less the one-hot label, 0 where the label is −1. */
const naiveSlope = (x: ArrayLike<number>, labels: ArrayLike<number>, classes: number) =>
  Float64Array.from({ length: labels.length * classes }, (_, i) => {
    const [row, c] = [Math.floor(i / classes), i % classes];
    if (labels[row] === -1) return 0;
    let [sum, others] = [0, 0];
    for (let j = 0; j < classes; j++) {
      const power = Math.exp(x[row * classes + j]! - x[i]!);
      sum += power;
      if (j !== c) others += power;
    }
    return (c === labels[row] ? -others : 1) / sum;
  });

/** What is below the normal float32 numbers, as 0. */
const normal = (values: ArrayLike<number>) =>
  Float64Array.from(values, (value) => (Math.abs(value) < 1e-37 ? 0 : value));

it('is right for any number of rows, with its gradient', () => {
  fc.assert(
    fc.property(labelledRows, ({ rows, classes, scale, seed }) => {
      const x = normals(rows * classes, seed, scale);
      const labels = integers(rows, -1, classes, seed);
      const dy = normals(rows, seed + 1);
      tf.tidy(() => {
        const inputs = { logits: tf.tensor2d(x, [rows, classes]), labels: tf.tensor1d(labels, 'int32') };
        const [loss] = runOurs(KERNELS.SoftmaxCrossEntropy, inputs, { ignoreIndex: -1 });
        expectClose(normal(loss!), normal(naive(x, labels, classes)));
        const given = { ...inputs, dy: tf.tensor1d(dy) };
        const [dx] = runOurs(KERNELS.SoftmaxCrossEntropyGrad, given, { ignoreIndex: -1 });
        const slope = naiveSlope(x, labels, classes);
        expectClose(normal(dx!), normal(slope.map((value, i) => value * dy[Math.floor(i / classes)]!)));
      });
    }),
    RUNS,
  );
});

/** Of each sample: Σ loss, how many losses are above 0 in float32, how many labels count. */
const naiveSums = (
  x: ArrayLike<number>,
  labels: Int32Array,
  { samples, voxels, classes }: Record<'samples' | 'voxels' | 'classes', number>,
) => {
  const losses = naive(x, labels, classes);
  return Array.from({ length: samples }, (_, n) => {
    const mine = losses.subarray(n * voxels, (n + 1) * voxels);
    const known = labels.subarray(n * voxels, (n + 1) * voxels).filter((label) => label >= 0);
    return [mine.reduce((a, b) => a + b, 0), mine.filter((loss) => loss > 2 ** -24).length, known.length];
  }).flat();
};

it('sums over the voxels of each sample, with the gradient of that, for any number of them', () => {
  const cases = fc.record({
    samples: fc.integer({ min: 1, max: 4 }),
    voxels: fc.integer({ min: 1, max: 40 }),
    classes: fc.constantFrom(1, 2, 3, 5, 17),
    scale: fc.constantFrom(0.1, 3),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ samples, voxels, classes, scale, seed }) => {
      const x = normals(samples * voxels * classes, seed, scale);
      const labels = integers(samples * voxels, -1, classes, seed);
      const dy = normals(3 * samples, seed + 1);
      tf.tidy(() => {
        const inputs = {
          logits: tf.tensor3d(x, [samples, voxels, classes]),
          labels: tf.tensor2d(labels, [samples, voxels], 'int32'),
        };
        const [sums] = runOurs(KERNELS.CrossEntropySums, inputs, { ignoreIndex: -1 });
        expect(relativeError(sums!, naiveSums(x, labels, { samples, voxels, classes }))).toBeLessThan(1e-5);
        const given = { ...inputs, dy: tf.tensor2d(dy, [samples, 3]) };
        const [dx] = runOurs(KERNELS.CrossEntropySumsGrad, given, { ignoreIndex: -1 });
        const slope = naiveSlope(x, labels, classes);
        const expected = slope.map((value, i) => value * dy[3 * Math.floor(i / classes / voxels)]!);
        expect(relativeError(dx!, expected)).toBeLessThan(1e-5);
      });
    }),
    RUNS,
  );
});

describe.each([
  [3, 5, 2],
  [1, 45_001, 2],
  [2, 12_003, 5],
])('sums over %i samples of %i voxels, %i classes', (samples, voxels, classes) => {
  const x = normals(samples * voxels * classes, 4, 9);
  const labels = integers(samples * voxels, -1, classes, 5);
  const inputs = () => ({
    logits: tf.tensor3d(x, [samples, voxels, classes]),
    labels: tf.tensor2d(labels, [samples, voxels], 'int32'),
  });

  it('are those of the losses, of those above 0 in float32 and of labels that count', () => {
    const [sums] = scoped(() => runOurs(KERNELS.CrossEntropySums, inputs(), { ignoreIndex: -1 }));
    expectClose(sums!, naiveSums(x, labels, { samples, voxels, classes }), 1e-6);
  });

  it("have the gradient of each sample's loss", () => {
    const dy = normals(3 * samples, 6);
    const given = () => ({ ...inputs(), dy: tf.tensor2d(dy, [samples, 3]) });
    const [dx] = scoped(() => runOurs(KERNELS.CrossEntropySumsGrad, given(), { ignoreIndex: -1 }));
    const slope = naiveSlope(x, labels, classes);
    expectClose(
      dx!,
      slope.map((value, i) => value * dy[3 * Math.floor(i / classes / voxels)]!),
    );
  });
});

it('names the row of a label that is no class, in whichever unit it is', () => {
  const labels = integers(40_000, 0, 2);
  labels[39_997] = 7;
  const inputs = { logits: tf.zeros([1, 40_000, 2]), labels: tf.tensor2d(labels, [1, 40_000], 'int32') };
  expect(() => runOurs(KERNELS.CrossEntropySums, inputs, { ignoreIndex: -1 })).toThrow(
    /labels\[39997\] is 7, expected 0 to 1, or -1/,
  );
});
