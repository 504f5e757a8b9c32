import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, relativeError, runOurs } from '../harness.js';
import { slopes } from './slopes.js';

/** Σ p·t, Σ p², Σ t² in float64. */
function naive(p: ArrayLike<number>, labels: Int32Array, classes: number): Float64Array {
  const sums = new Float64Array(3 * classes);
  for (let i = 0; i < p.length; i++) {
    const c = i % classes;
    const t = labels[Math.floor(i / classes)] === c ? 1 : 0;
    sums[c]! += p[i]! * t;
    sums[classes + c]! += p[i]! * p[i]!;
    sums[2 * classes + c]! += t;
  }
  return sums;
}

const naiveSoftmax = (x: ArrayLike<number>, classes: number): Float64Array =>
  Float64Array.from({ length: x.length }, (_, i) => {
    const start = i - (i % classes);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(x[start + c]! - x[i]!);
    return 1 / sum;
  });

describeGpu('Dice', () => {
  describe.each([
    [1, 101],
    [2, 50_003],
    [3, 101],
    [17, 4099],
    [256, 20],
  ])('%i classes, %i rows', (classes, rows) => {
    const x = normals(rows * classes, 1, 3);
    // −1 and what is past the last class are of no class: they add to no Σ p·t and no Σ t².
    const labels = integers(rows, -1, classes + 2, 2);
    const inputs = () => ({ probabilities: tf.tensor2d(x, [rows, classes]), labels: tf.tensor1d(labels, 'int32') });

    it.each([false, true])('sums intersections and squares per class, of the softmax: %s', async (softmax) => {
      const [sums] = await runOurs(KERNELS.DiceSums, inputs(), { softmax });
      const expected = naive(softmax ? naiveSoftmax(x, classes) : x, labels, classes);
      for (const from of [0, classes]) {
        const part = expected.subarray(from, from + classes);
        expect(relativeError(sums!.subarray(from, from + classes), part)).toBeLessThan(1e-6);
      }
      expect([...sums!.subarray(2 * classes)]).toEqual([...expected.subarray(2 * classes)]);
    });

    it('has the gradient of those sums', async () => {
      const dy = normals(3 * classes, 3);
      const [dp] = await runOurs(KERNELS.DiceSumsGrad, { ...inputs(), dy: tf.tensor2d(dy, [3, classes]) });
      const expected = Float64Array.from(x, (value, i) => {
        const c = i % classes;
        return (labels[Math.floor(i / classes)] === c ? dy[c]! : 0) + 2 * value * dy[classes + c]!;
      });
      expectClose(dp!, expected, 1e-6);
    });
  });

  it.each([1, 2, 3, 17])('has the slopes of the sums over the softmax of %i classes', async (classes) => {
    const rows = 37;
    const x = normals(rows * classes, 4, 3);
    const labels = integers(rows, -1, classes, 5);
    const dy = normals(3 * classes, 6);
    const inputs = { probabilities: tf.tensor2d(x, [rows, classes]), labels: tf.tensor1d(labels, 'int32') };
    const given = { ...inputs, dy: tf.tensor2d(dy, [3, classes]) };
    const [dx] = await runOurs(KERNELS.DiceSumsGrad, given, { softmax: true });
    const of = (logits: Float64Array) =>
      naive(naiveSoftmax(logits, classes), labels, classes).reduce((sum, value, i) => sum + value * dy[i]!, 0);
    const expected = slopes(x, of);
    expect(dx!.length).toBe(expected.length);
    dx!.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
    });
  });

  it('is right for one voxel, and 0 for none', async () => {
    const of = (values: number[], labels: number[]) =>
      runOurs(
        KERNELS.DiceSums,
        { probabilities: tf.tensor2d(values, [labels.length, 2]), labels: tf.tensor1d(labels, 'int32') },
        { softmax: false },
      );
    expect([...(await of([0.25, 0.75], [1]))[0]!]).toEqual([0, 0.75, 0.0625, 0.5625, 0, 1]);
    expect([...(await of([0.25, 0.75], [-1]))[0]!]).toEqual([0, 0, 0.0625, 0.5625, 0, 0]);
    expect([...(await of([], []))[0]!]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('passes NaN on, to its class or through the softmax', async () => {
    const inputs = () => ({
      probabilities: tf.tensor2d([0, NaN, 1, 2], [2, 2]),
      labels: tf.tensor1d([0, 1], 'int32'),
    });
    const [plain] = await runOurs(KERNELS.DiceSums, inputs(), { softmax: false });
    expect([...plain!]).toEqual([0, 2, 1, NaN, 1, 1]);
    const [sums] = await runOurs(KERNELS.DiceSums, inputs(), { softmax: true });
    expect([...sums!].map(Number.isNaN)).toEqual([true, false, true, true, false, false]);
    const [dx] = await runOurs(KERNELS.DiceSumsGrad, { ...inputs(), dy: tf.ones([3, 2]) }, { softmax: true });
    expect([...dx!].map(Number.isNaN)).toEqual([true, true, false, false]);
  });
});
