import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { expectClose, integers, normals, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

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
