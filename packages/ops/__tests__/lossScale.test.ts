import { KERNELS } from '@crln/core';
import { lossScaleOf, lossScaleState, lossScaleStep, optimizerStep } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, ownKernels, readAll, scoped } from './support/backends.js';
import { normals, tensorOf } from './support/gradcheck.js';

describeBackends('lossScaleStep', (backend) => {
  const own = ownKernels(backend);
  /** Gradients of odd sizes, one of many workgroups, with a value somewhere in the last but one. */
  const gradients = (value = 1) => {
    const sound = [1, 3, 70_001, 5, 2, 8, 9, 300, 7].map((size, i) => tensorOf(normals([size], i)));
    const found = tf.concat([tf.ones([299]), tf.tensor1d([value])]);
    return [...sound.slice(0, 7), found, ...sound.slice(8)];
  };
  const after = async (state: number[], value?: number, every = 3) => [
    ...(await lossScaleStep(tf.tensor1d(state), gradients(value), { every, most: 2 ** 24 }).data()),
  ];

  it('divides finite gradients by the scale, which doubles after so many of them', () =>
    scoped(async () => {
      own?.reset();
      expect(await after([1024, 0, 0])).toEqual([1024, 1, 1 / 1024]);
      expect(await after([1024, 1, 1])).toEqual([1024, 2, 1 / 1024]);
      expect(await after([1024, 2, 1])).toEqual([2048, 0, 1 / 1024]);
      expect(await after([1024, -5, 0])).toEqual([1024, 1, 1 / 1024]);
      if (backend === 'webgpu') expect(own?.calls()[KERNELS.LossScale]).toBe(4);
    }));

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'leaves out a step with a gradient of %s, and halves the scale, to 1 at least',
    (value) =>
      scoped(async () => {
        expect(await after([1024, 2, 1], value)).toEqual([512, -1, 0]);
        expect(await after([1.5, 2, 1], value)).toEqual([1, -1, 0]);
        expect(await after([1, -1, 0], value)).toEqual([1, -2, 0]);
      }),
  );

  it('grows no further than it is allowed to', () =>
    scoped(async () => {
      expect(await after([2 ** 23, 2, 1])).toEqual([2 ** 24, 0, 2 ** -23]);
      expect(await after([2 ** 24, 2, 1])).toEqual([2 ** 24, 0, 2 ** -24]);
    }));

  it('takes the largest finite number for finite', () =>
    scoped(async () => expect(await after([4, 0, 0], 3.4e38)).toEqual([4, 1, 0.25])));

  it('refuses a state that is none, and a scale below 1', () =>
    scoped(async () => {
      expect(() => lossScaleStep(tf.zeros([2]), [])).toThrow('loss scale: expected a state of shape [3], got [2]');
      expect(() => lossScaleState(0.5)).toThrow('loss scale: expected a number from 1 on, got 0.5');
      expect([...(await lossScaleOf(lossScaleState(8)).data())]).toEqual([8]);
    }));
});

describeBackends('optimizerStep with a scaled loss', () => {
  const attrs = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true, decay: 0.75 };
  const states = () => [
    {
      parameter: tf.tensor1d([1, 2]),
      gradient: tf.tensor1d([64, -128]),
      velocity: tf.tensor1d([0.5, 0]),
      average: tf.tensor1d([0, 0]),
    },
    { parameter: tf.tensor1d([3]), gradient: tf.tensor1d([32]), velocity: tf.tensor1d([0]) },
    { parameter: tf.tensor1d([4]), average: tf.tensor1d([0]) },
  ];
  const values = (moved: ReturnType<typeof optimizerStep>) => readAll(moved.flatMap((one) => Object.values(one)));

  it('takes the step of the unscaled gradients', () =>
    scoped(async () => {
      const unscaled = states().map((state) =>
        state.gradient ? { ...state, gradient: tf.mul(state.gradient, 1 / 64) } : state,
      );
      const expected = await values(optimizerStep(unscaled, attrs));
      expect(await values(optimizerStep(states(), attrs, tf.tensor1d([64, 1, 1 / 64])))).toEqual(expected);
    }));

  it('leaves parameters and velocities as they are where gradients are not finite; averages follow', () =>
    scoped(async () => {
      const [first, ...others] = states();
      const broken = [{ ...first!, gradient: tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY]) }, ...others];
      const found = await values(optimizerStep(broken, attrs, tf.tensor1d([32, 0, 0])));
      expect(found.map((numbers) => [...numbers])).toEqual([[1, 2], [0.5, 0], [0.25, 0.5], [3], [0], [1]]);
    }));
});
