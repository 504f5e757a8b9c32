import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, runOurs, sizeOf } from '../harness.js';
import { slopes } from './slopes.js';

const IGNORE = { ignoreIndex: -1 };

/** log(1 + Σ e^(xⱼ − x_label)) of each row in float64; 0 where the label is −1. */
const naive = (x: ArrayLike<number>, labels: ArrayLike<number>, classes: number) =>
  Float64Array.from(labels, (label, row) => {
    if (label === -1) return 0;
    let others = 0;
    for (let c = 0; c < classes; c++) {
      if (c !== label) others += Math.exp(x[row * classes + c]! - x[row * classes + label]!);
    }
    return Math.log1p(others);
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

/** The three sums of each sample. */
const naiveSums = (x: ArrayLike<number>, labels: Int32Array, classes: number, samples: number) => {
  const losses = naive(x, labels, classes);
  const voxels = labels.length / samples;
  return Array.from({ length: samples }, (_, n) => {
    const mine = losses.subarray(n * voxels, (n + 1) * voxels);
    const known = labels.subarray(n * voxels, (n + 1) * voxels).filter((label) => label !== -1);
    return [mine.reduce((a, b) => a + b, 0), mine.filter((loss) => loss > 2 ** -24).length, known.length];
  }).flat();
};

/** What is below the normal float32 numbers, as 0. */
const normal = (values: ArrayLike<number>) =>
  Float64Array.from(values, (value) => (Math.abs(value) < 1e-37 ? 0 : value));

const ints = (labels: ArrayLike<number>, shape = [labels.length]) => tf.tensor(Int32Array.from(labels), shape, 'int32');

describeGpu('cross-entropy', () => {
  describe.each([1, 2, 3, 5, 17, 256])('%i classes', (classes) => {
    const rows = 13;
    const logits = normals(rows * classes, 1, 3);
    const labels = integers(rows, -1, classes, 2);
    const dy = normals(rows, 3);
    const inputs = () => ({ logits: tf.tensor2d(logits, [rows, classes]), labels: ints(labels) });

    it('is the log of the summed exponentials less the logit of the label', async () => {
      const [loss] = await runOurs(KERNELS.SoftmaxCrossEntropy, inputs(), IGNORE);
      expectClose(loss!, naive(logits, labels, classes));
    });

    it('has the slopes of the formula as its gradient', async () => {
      const given = { ...inputs(), dy: tf.tensor1d(dy) };
      const [dx] = await runOurs(KERNELS.SoftmaxCrossEntropyGrad, given, IGNORE);
      const of = (x: ArrayLike<number>) => naive(x, labels, classes).reduce((sum, l, i) => sum + l * dy[i]!, 0);
      expectClose(dx!, slopes(logits, of), 1e-4);
    });
  });

  it('is right for any number of rows, with its gradient', async () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 700 }),
      classes: fc.constantFrom(1, 2, 3, 5, 17),
      scale: fc.constantFrom(0.1, 3, 40),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ rows, classes, scale, seed }) => {
        const x = normals(rows * classes, seed, scale);
        const labels = integers(rows, -1, classes, seed);
        const dy = normals(rows, seed + 1);
        const inputs = () => ({ logits: tf.tensor2d(x, [rows, classes]), labels: ints(labels) });
        const [loss] = await runOurs(KERNELS.SoftmaxCrossEntropy, inputs(), IGNORE);
        expectClose(normal(loss!), normal(naive(x, labels, classes)), 2e-6);
        const given = { ...inputs(), dy: tf.tensor1d(dy) };
        const [dx] = await runOurs(KERNELS.SoftmaxCrossEntropyGrad, given, IGNORE);
        const slope = naiveSlope(x, labels, classes);
        expectClose(normal(dx!), normal(slope.map((value, i) => value * dy[Math.floor(i / classes)]!)), 4e-6);
      }),
      { seed: 7, numRuns: 25 },
    );
  });

  it.each([2, 3])('stays finite and exact for logits of a thousand, %i classes', async (classes) => {
    const logits = tf.tensor2d([1000, 0, -1000, 0, 1000, 0].slice(0, 2 * classes), [2, classes]);
    const [loss] = await runOurs(KERNELS.SoftmaxCrossEntropy, { logits, labels: ints([1, 0]) }, IGNORE);
    expect([...loss!]).toEqual([1000, 1000]);
  });

  it('keeps tiny losses and their gradients to relative accuracy', async () => {
    const gaps = Array.from({ length: 80 }, (_, i) => 1 + i);
    const inputs = () => ({
      logits: tf.tensor2d(
        gaps.map((gap) => [0, gap]),
        [80, 2],
      ),
      labels: ints(gaps.map(() => 1)),
    });
    const [loss] = await runOurs(KERNELS.SoftmaxCrossEntropy, inputs(), IGNORE);
    const [dx] = await runOurs(KERNELS.SoftmaxCrossEntropyGrad, { ...inputs(), dy: tf.ones([80]) }, IGNORE);
    gaps.forEach((gap, i) => {
      const [cost, slope] = [Math.log1p(Math.exp(-gap)), 1 / (1 + Math.exp(gap))];
      expect(Math.abs(loss![i]! / cost - 1)).toBeLessThan(1e-6);
      expect(Math.abs(dx![2 * i]! / slope - 1)).toBeLessThan(1e-6);
      expect(dx![2 * i + 1]).toBe(-dx![2 * i]!);
    });
  });

  it('makes NaN of a label that is no class, and of logits without a softmax, in that row alone', async () => {
    const logits = [0, 1, 2, 3, 0, 1, NaN, 1, Infinity, 1, 0, -Infinity, NaN, NaN];
    const labels = [0, 2, -2, 1, 1, 0, -1];
    const inputs = () => ({ logits: tf.tensor2d(logits, [7, 2]), labels: ints(labels) });
    const [loss] = await runOurs(KERNELS.SoftmaxCrossEntropy, inputs(), IGNORE);
    expect([...loss!].map(Number.isNaN)).toEqual([false, true, true, true, true, false, false]);
    const [dx] = await runOurs(KERNELS.SoftmaxCrossEntropyGrad, { ...inputs(), dy: tf.zeros([7]) }, IGNORE);
    const rows = [0, 1, 2, 3, 4, 5, 6].map((row) => Array.from(dx!.subarray(2 * row, 2 * row + 2), Number.isNaN));
    expect(rows).toEqual([false, true, true, true, true, false, false].map((broken) => [broken, broken]));
    expect([...dx!.subarray(12)]).toEqual([0, 0]);
    const one = { logits: tf.tensor(logits, [1, 7, 2]), labels: ints(labels, [1, 7]) };
    const [sums] = await runOurs(KERNELS.CrossEntropySums, one, IGNORE);
    expect([Number.isNaN(sums![0]), sums![2]]).toEqual([true, 6]);
  });

  it('is infinite for a label whose logit is −∞, and so is the sum', async () => {
    const inputs = () => ({ logits: tf.tensor([-Infinity, 0, 0, 0], [1, 2, 2]), labels: ints([0, 0], [1, 2]) });
    const [loss] = await runOurs(KERNELS.SoftmaxCrossEntropy, inputs(), IGNORE);
    expect(loss![0]).toBe(Infinity);
    expect((await runOurs(KERNELS.CrossEntropySums, inputs(), IGNORE))[0]![0]).toBe(Infinity);
  });

  it('takes another index to ignore, and refuses labels that are not whole', async () => {
    const logits = normals(6, 1);
    const inputs = { logits: tf.tensor2d(logits, [3, 2]), labels: ints([255, 1, 0]) };
    const [loss] = await runOurs(KERNELS.SoftmaxCrossEntropy, inputs, { ignoreIndex: 255 });
    expectClose(loss!, naive(logits, [-1, 1, 0], 2));
    const floats = { logits: tf.zeros([3, 2]), labels: tf.zeros([3]) };
    await expect(runOurs(KERNELS.SoftmaxCrossEntropy, floats, IGNORE)).rejects.toThrow(
      'expected labels of type int32, got float32',
    );
  });

  describe.each([[[3, 5, 2]], [[4, 1, 1, 1, 3]], [[2, 7, 5, 3, 1]], [[1, 45_001, 2]], [[2, 4096, 17]], [[22_000, 2]]])(
    'sums over [%s]',
    (shape) => {
      const classes = shape.at(-1)!;
      const samples = shape[0]!;
      const rows = sizeOf(shape.slice(0, -1));
      const x = normals(rows * classes, 4, 9);
      const labels = integers(rows, -1, classes, 5);
      const inputs = () => ({ logits: tf.tensor(x, shape), labels: ints(labels, shape.slice(0, -1)) });

      it('are those of the losses, of those above 0 in float32 and of labels that count', async () => {
        const [sums] = await runOurs(KERNELS.CrossEntropySums, inputs(), IGNORE);
        const expected = naiveSums(x, labels, classes, samples);
        const counts = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % 3 > 0);
        expect(counts(sums!)).toEqual(counts(expected));
        // A single logit is exact to half its last bit only.
        expectClose(sums!, expected, samples === rows ? 3e-6 : 1e-6);
      });

      it("have the gradient of each sample's loss", async () => {
        const dy = normals(3 * samples, 6);
        const given = { ...inputs(), dy: tf.tensor2d(dy, [samples, 3]) };
        const [dx] = await runOurs(KERNELS.CrossEntropySumsGrad, given, IGNORE);
        const slope = naiveSlope(x, labels, classes);
        expectClose(
          dx!,
          slope.map((value, i) => value * dy[3 * Math.floor(i / (classes * (rows / samples)))]!),
          4e-6,
        );
      });
    },
  );

  it('sums up nothing where all is ignored or there is no voxel', async () => {
    const ignored = { logits: tf.ones([2, 5, 3]), labels: ints(new Int32Array(10).fill(-1), [2, 5]) };
    expect([...(await runOurs(KERNELS.CrossEntropySums, ignored, IGNORE))[0]!]).toEqual([0, 0, 0, 0, 0, 0]);
    const none = { logits: tf.zeros([2, 0, 3]), labels: ints([], [2, 0]) };
    expect([...(await runOurs(KERNELS.CrossEntropySums, none, IGNORE))[0]!]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('sums up millions of voxels to a millionth, with exact counts', async () => {
    // A few rows again and again.
    const [period, times, classes] = [4099, 1025, 2];
    const voxels = period * times;
    expect(voxels).toBeGreaterThan(65_535 * 64);
    const [few, marks] = [normals(period * classes, 8, 4), integers(period, -1, classes, 9)];
    const x = new Float32Array(voxels * classes);
    const labels = new Int32Array(voxels);
    for (let i = 0; i < times; i++) {
      x.set(few, i * few.length);
      labels.set(marks, i * period);
    }
    const inputs = { logits: tf.tensor(x, [1, voxels, classes]), labels: ints(labels, [1, voxels]) };
    const [sums] = await runOurs(KERNELS.CrossEntropySums, inputs, IGNORE);
    const [sum, positive, counted] = naiveSums(few, marks, classes, 1) as [number, number, number];
    expect([sums![1], sums![2]]).toEqual([positive * times, counted * times]);
    expect(Math.abs(sums![0]! / (sum * times) - 1)).toBeLessThan(3e-7);
  });
});
