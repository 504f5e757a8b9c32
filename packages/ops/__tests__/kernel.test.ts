import { KERNELS } from '@crln/core';
import { conv3d, hasKernel, stopGradient, useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { describeBackends, scoped } from './support/backends.js';

/** What launching many kernels costs is a matter of a GPU, as is half precision: elsewhere these are composed of others. */
const ON_GPU = [
  KERNELS.AddPairs,
  KERNELS.BatchNormInference,
  KERNELS.BatchNormTraining,
  KERNELS.ConfidenceCe,
  KERNELS.DiceCe,
  KERNELS.DiceCeGrad,
  KERNELS.Gelu,
  KERNELS.GeluGrad,
  KERNELS.LossScale,
];

describeBackends('hasKernel', (backend) => {
  it('knows which backend runs which kernels', () => {
    const missing = Object.values(KERNELS).filter((name) => !hasKernel(name));
    const expected = { cpu: Object.values(KERNELS), wasm: ON_GPU, webgpu: [] };
    expect(missing.sort()).toEqual([...expected[backend]].sort());
  });
});

describeBackends('stopGradient', () => {
  it('keeps the values and cuts the gradient', async () => {
    const before = tf.memory().numTensors;
    await scoped(async () => {
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(x, stopGradient(tf.square(x)))))(tf.tensor1d([2, 3]));
      expect([...(await gradient.data())]).toEqual([4, 9]);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describeBackends('a differentiable operation', () => {
  it("keeps its own gradient inside a scope that bears a stock kernel's name, as a layer's might", async () => {
    await scoped(async () => {
      const filter = tf.ones([2, 2, 2, 1, 1]);
      // Stock Conv3D's gradient, which the tape would take by name, throws for a dilation.
      const inScope = (x: tf.Tensor) =>
        tf.tidy('Conv3D', () => tf.sum(conv3d(x, filter, { dilations: 2, padding: 'valid' })));
      expect((await tf.sum(tf.grad(inScope)(tf.ones([1, 3, 3, 3, 1]))).data())[0]).toBe(8);
    });
  });

  it('trains variables through tf.variableGrads', async () => {
    const before = tf.memory().numTensors;
    const filter = tf.tidy(() => tf.variable(tf.ones([1, 1, 1, 1, 1])));
    const x = tf.ones([1, 2, 2, 2, 1]);
    const { value, grads } = tf.variableGrads(() => tf.sum(conv3d(x, filter)) as tf.Scalar);
    expect((await grads[filter.name]?.data())?.[0]).toBe(8);
    tf.dispose([value, grads, filter, x]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('on a stock backend known to be wrong', () => {
  afterEach(async () => {
    await useBackend('cpu');
    tf.removeBackend('wasm');
  });

  it('refuses the convolution instead of running its kernels', async () => {
    await useBackend('cpu');
    const cpu = tf.backend();
    // Stands in for the stock wasm backend: its kernels are never reached.
    tf.registerBackend('wasm', () => cpu as tf.KernelBackend);
    const [x, filter] = [tf.ones([1, 2, 2, 2, 1]), tf.ones([1, 1, 1, 1, 1])];
    await tf.setBackend('wasm');
    expect(() => conv3d(x, filter)).toThrow("the stock TensorFlow.js backend 'wasm' computes wrong");
  });
});
