import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../reference.js';
import { expectClose, integers, normals, RUNS, runOurs, scoped, useWasm } from './harness.js';
import { slopes } from './slopes.js';

beforeAll(useWasm);

/** The sums of Σ p·t, Σ p², Σ t² in float64. */
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

describe.each([1, 2, 3, 5])('%i classes', (classes) => {
  const rows = 101;
  const p = normals(rows * classes, 1);
  // −1 is no class: it adds to no Σ p·t and no Σ t²
  const labels = integers(rows, -1, classes, 2);
  const inputs = () => ({
    probabilities: tf.tensor2d(p, [rows, classes]),
    labels: tf.tensor1d(labels, 'int32'),
  });
  const isClass = (i: number) => (labels[Math.floor(i / classes)] === i % classes ? 1 : 0);

  it('sums intersections and squares per class', () => {
    const expected = new Float64Array(3 * classes);
    p.forEach((value, i) => {
      const c = i % classes;
      expected[c]! += value * isClass(i);
      expected[classes + c]! += value * value;
      expected[2 * classes + c]! += isClass(i);
    });
    expectClose(runOurs(KERNELS.DiceSums, inputs())[0]!, expected);
  });

  it('has the gradient of those sums', () => {
    const dy = normals(3 * classes, 3);
    const [dp] = runOurs(KERNELS.DiceSumsGrad, { ...inputs(), dy: tf.tensor2d(dy, [3, classes]) });
    const expected = Float64Array.from(
      p,
      (v, i) => isClass(i) * dy[i % classes]! + 2 * v * dy[classes + (i % classes)]!,
    );
    expectClose(dp!, expected);
  });
});

describe.each([1, 2, 3, 5, 17])('of the softmax of logits, %i classes', (classes) => {
  const rows = 37;
  const x = normals(rows * classes, 4, 3);
  const labels = integers(rows, -1, classes, 5);
  const inputs = () => ({ probabilities: tf.tensor2d(x, [rows, classes]), labels: tf.tensor1d(labels, 'int32') });

  it('are the sums of the probabilities', () => {
    const [sums] = runOurs(KERNELS.DiceSums, inputs(), { softmax: true });
    expectClose(sums!, naive(naiveSoftmax(x, classes), labels, classes));
  });

  it('have the slopes of the formula as their gradient', () => {
    const dy = normals(3 * classes, 6);
    const given = { ...inputs(), dy: tf.tensor2d(dy, [3, classes]) };
    const [dx] = runOurs(KERNELS.DiceSumsGrad, given, { softmax: true });
    const of = (logits: Float64Array) =>
      naive(naiveSoftmax(logits, classes), labels, classes).reduce((sum, value, i) => sum + value * dy[i]!, 0);
    const expected = slopes(x, of);
    expect(dx!.length).toBe(expected.length);
    expect(Math.max(...expected.map((value, i) => Math.abs(dx![i]! - value)))).toBeLessThan(1e-5);
  });
});

/** The gradient of Σ dy·sums in the probabilities, or in the logits of which those are the softmax. */
function naiveSlope(p: Float64Array, labels: Int32Array, classes: number, dy: Float32Array, softmax: boolean) {
  const dp = p.map((value, i) => {
    const t = labels[Math.floor(i / classes)] === i % classes ? 1 : 0;
    return t * dy[i % classes]! + 2 * value * dy[classes + (i % classes)]!;
  });
  if (!softmax) return dp;
  const means = Float64Array.from(labels, (_, row) => {
    let sum = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) sum += p[i]! * dp[i]!;
    return sum;
  });
  return p.map((value, i) => value * (dp[i]! - means[Math.floor(i / classes)]!));
}

it('are right for any number of rows and classes, with their gradient', () => {
  const cases = fc.record({
    rows: fc.integer({ min: 1, max: 70 }),
    classes: fc.constantFrom(1, 2, 3, 5, 17),
    softmax: fc.boolean(),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ rows, classes, softmax, seed }) => {
      const x = normals(rows * classes, seed);
      const labels = integers(rows, -1, classes, seed);
      const dy = normals(3 * classes, seed + 1);
      const p = softmax ? naiveSoftmax(x, classes) : Float64Array.from(x);
      tf.tidy(() => {
        const inputs = { probabilities: tf.tensor2d(x, [rows, classes]), labels: tf.tensor1d(labels, 'int32') };
        const [sums] = runOurs(KERNELS.DiceSums, inputs, { softmax });
        expect(relativeError(sums!, naive(p, labels, classes))).toBeLessThan(1e-5);
        const [dx] = runOurs(KERNELS.DiceSumsGrad, { ...inputs, dy: tf.tensor2d(dy, [3, classes]) }, { softmax });
        const expected = naiveSlope(p, labels, classes, dy, softmax);
        // A softmax of one class is 1, its slope 0, and only the rounding of what cancels is left.
        const scale = Math.max(...expected.map(Math.abs), ...dy.map(Math.abs));
        const errors = expected.map((value, i) => Math.abs(dx![i]! - value) / scale);
        expect(Math.max(...errors)).toBeLessThan(1e-5);
      });
    }),
    RUNS,
  );
});

it.each([
  [50_003, 2],
  [9001, 17],
])('adds up %i rows of %i classes that threads share', (rows, classes) => {
  const p = normals(rows * classes, 1);
  const labels = integers(rows, -1, classes, 2);
  const inputs = { probabilities: tf.tensor2d(p, [rows, classes]), labels: tf.tensor1d(labels, 'int32') };
  expectClose(scoped(() => runOurs(KERNELS.DiceSums, inputs))[0]!, naive(p, labels, classes));
});
