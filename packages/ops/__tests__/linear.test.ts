import { KERNELS } from '@crln/core';
import { gelu, linear, relu } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';
import { check, normals, relativeError, type Values } from './support/gradcheck.js';

function product(x: Values, w: Values, b: Values | undefined): Float64Array {
  const [inputs, outputs] = w.shape as [number, number];
  return Float64Array.from({ length: (x.data.length / inputs) * outputs }, (_, i) => {
    const [row, o] = [Math.floor(i / outputs), i % outputs];
    let sum = b?.data[o] ?? 0;
    for (let k = 0; k < inputs; k++) sum += x.data[row * inputs + k]! * w.data[k * outputs + o]!;
    return sum;
  });
}

describeBackends('linear', (backend) => {
  it.each([
    [[7, 3], 5, true],
    [[2, 3, 2, 2, 17], 1, true],
    [[2, 5, 1], 17, false],
  ] as [number[], number, boolean][])(
    'equals the float64 reference with its gradients: %j → %s, bias %s',
    async (shape, outputs, bias) => {
      const channels = shape[shape.length - 1]!;
      await check({
        backend,
        inputs: { x: normals(shape), w: normals([channels, outputs]), ...(bias ? { b: normals([outputs]) } : {}) },
        op: ({ x, w, b }) => linear(x!, w!, b),
        reference: ({ x, w, b }) => product(x!, w!, b),
      });
    },
  );

  it('names the tensor and both shapes where they do not fit', () => {
    tf.tidy(() => {
      expect(() => linear(tf.zeros([2, 3]), tf.zeros([4, 3]))).toThrow('expected w [3, Co], got [4, 3]');
    });
  });
});

describeBackends('gelu', (backend) => {
  it('equals the portable form with its gradient, in one kernel each where there is one', async () => {
    const portable = (x: number) => {
      // Φ by its series around 0.
      let [term, sum] = [x, x];
      for (let n = 1; n < 60; n++) {
        term *= (-x * x) / (2 * n);
        sum += term / (2 * n + 1);
      }
      return x * (0.5 + sum / Math.sqrt(2 * Math.PI));
    };
    await check({
      backend,
      inputs: { x: normals([2, 3, 5]) },
      op: ({ x }) => gelu(x!),
      reference: ({ x }) => x!.data.map(portable),
      kernels: backend === 'webgpu' ? [KERNELS.Gelu, KERNELS.GeluGrad] : [],
    });
  });

  it('is x·Φ(x), not the tanh form', async () => {
    await scoped(async () => {
      // x·Φ(x) to 8 digits; the tanh form differs from the 4th.
      const y = gelu(tf.tensor1d([-2, -1, -0.5, 0, 0.5, 1, 2]));
      const exact = [-0.04550026, -0.15865525, -0.15426877, 0, 0.34573123, 0.84134475, 1.95449974];
      expect(relativeError(await y.data(), exact)).toBeLessThan(1e-6);
    });
  });

  it('has the gradient Φ(x) + x·φ(x)', async () => {
    await scoped(async () => {
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(gelu(x)))(tf.tensor1d([-1, 0, 1]));
      expect(relativeError(await gradient.data(), [-0.08331547, 0.5, 1.08331547])).toBeLessThan(1e-6);
    });
  });
});

describeBackends('relu', (backend) => {
  it('equals max(x, 0) with its gradient', async () => {
    await check({
      backend,
      inputs: { x: normals([2, 3, 2, 2, 3]) },
      op: ({ x }) => relu(x!),
      reference: ({ x }) => x!.data.map((v) => Math.max(v, 0)),
    });
  });
});
