import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { profileKernels } from '../src/index.js';
import { useWasm } from './kernels/harness.js';

beforeAll(useWasm);

it('counts and times every kernel, our own and the stock ones', async () => {
  const { result, kernels, milliseconds } = await profileKernels(() => {
    const x = tf.add(tf.ones([3]), tf.ones([3]));
    return tf.asinh(tf.add(x, 1));
  });
  expect(result.shape).toEqual([3]);
  const of = (name: string) => kernels.find((kernel) => kernel.name === name)!;
  expect(of('Add')).toMatchObject({ calls: 2, own: 2, elements: 6 });
  expect(of('Asinh')).toMatchObject({ calls: 1, own: 0, elements: 3 });
  const inKernels = kernels.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
  expect(inKernels).toBeLessThanOrEqual(milliseconds);
});

it('leaves the kernels as they were, also when the work fails', async () => {
  const before = tf.getKernel('Add', 'crln-wasm').kernelFunc;
  await expect(profileKernels(() => Promise.reject(new Error('stop')))).rejects.toThrow('stop');
  expect(tf.getKernel('Add', 'crln-wasm').kernelFunc).toBe(before);
});
