import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, integers, normals, runOurs, useWasm } from './harness.js';
import { slopes } from './slopes.js';

beforeAll(useWasm);

const naive = (x: ArrayLike<number>, labels: ArrayLike<number>, classes: number) =>
  Float64Array.from(labels, (label, row) => {
    if (label === -1) return 0;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(x[row * classes + c]! - x[row * classes + label]!);
    return Math.log(sum);
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
