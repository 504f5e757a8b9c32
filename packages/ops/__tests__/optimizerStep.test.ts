import { KERNELS } from '@crln/core';
import { emaStep, optimizerStep, sgdStep } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, ownKernels, scoped } from './support/backends.js';
import { normals, relativeError, tensorOf } from './support/gradcheck.js';

describeBackends('sgdStep', (backend) => {
  const own = ownKernels(backend);
  it.each([true, false])("takes PyTorch's steps, weight decay added to the gradient: nesterov %s", async (nesterov) => {
    const attrs = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov };
    const before = tf.memory().numTensors;
    own?.reset();
    const shape = [3, 17];
    const p = normals(shape, 1).data;
    const v = new Float64Array(p.length);
    await scoped(async () => {
      let [parameter, velocity]: [tf.Tensor, tf.Tensor] = [tensorOf({ shape, data: p }), tf.zeros(shape)];
      for (let step = 0; step < 4; step++) {
        const gradient = normals(shape, 10 + step);
        [parameter, velocity] = sgdStep(parameter, tensorOf(gradient), velocity, attrs);
        gradient.data.forEach((raw, i) => {
          const g = raw + attrs.weightDecay * p[i]!;
          v[i] = attrs.momentum * v[i]! + g;
          p[i] = p[i]! - attrs.learningRate * (nesterov ? g + attrs.momentum * v[i]! : v[i]!);
        });
      }
      expect(relativeError(await parameter.data(), p)).toBeLessThan(1e-6);
      expect(relativeError(await velocity.data(), v)).toBeLessThan(1e-6);
    });
    if (own) expect(own.calls()[KERNELS.SgdStep]).toBe(4);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses tensors of different shapes', () => {
    tf.tidy(() => {
      const attrs = { learningRate: 1, momentum: 0, weightDecay: 0, nesterov: false };
      expect(() => sgdStep(tf.zeros([2]), tf.zeros([3]), tf.zeros([2]), attrs)).toThrow(
        'expected gradient [2], got [3]',
      );
    });
  });
});

describeBackends('emaStep', (backend) => {
  const own = ownKernels(backend);
  it('moves the target towards the source; decay 0 copies it', async () => {
    own?.reset();
    await scoped(async () => {
      const [target, source] = [tf.tensor1d([1, 2, 3]), tf.tensor1d([2, 0, 3])];
      expect(relativeError(await emaStep(target, source, 0.75).data(), [1.25, 1.5, 3])).toBeLessThan(1e-6);
      expect([...(await emaStep(target, source, 0).data())]).toEqual([2, 0, 3]);
    });
    if (own) expect(own.calls()[KERNELS.EmaStep]).toBe(2);
  });
});

describeBackends('optimizerStep', (backend) => {
  const own = ownKernels(backend);
  const attrs = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true, decay: 0.75 };
  const shapes = [[3, 17], [], [1000], [2, 2, 2, 2, 3]];

  it('takes the steps of each parameter and each average, bit for bit, in one pass where there is a kernel', async () => {
    const before = tf.memory().numTensors;
    await scoped(async () => {
      const states = shapes.map((shape, i) => {
        const [parameter, gradient, velocity, average] = [1, 2, 3, 4].map((seed) =>
          tensorOf(normals(shape, 9 * i + seed)),
        );
        // One has no gradient, another no average.
        return {
          parameter: parameter!,
          ...(i !== 1 && { gradient, velocity }),
          ...(i !== 2 && { average }),
        };
      });
      own?.reset();
      const moved = optimizerStep(states, attrs);
      if (own) expect(own.calls()).toEqual({ [KERNELS.OptimizerStep]: 1 });
      for (const [i, { parameter, gradient, velocity, average }] of states.entries()) {
        const [next, speed] = gradient && velocity ? sgdStep(parameter, gradient, velocity, attrs) : [];
        const follower = average && emaStep(average, next ?? parameter, attrs.decay);
        const bits = async (x: tf.Tensor | undefined) => x && [x.shape, ...(await x.data())];
        expect(await bits(moved[i]!.parameter)).toEqual(await bits(next));
        expect(await bits(moved[i]!.velocity)).toEqual(await bits(speed));
        expect(await bits(moved[i]!.average)).toEqual(await bits(follower));
      }
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has nothing to do for no parameters', () => {
    expect(optimizerStep([], attrs)).toEqual([]);
  });

  it('refuses tensors of different shapes', () => {
    tf.tidy(() => {
      const parameter = tf.zeros([2]);
      expect(() => optimizerStep([{ parameter, average: tf.zeros([3]) }], attrs)).toThrow(
        'expected average [2], got [3]',
      );
    });
  });
});
