import { type ConvAttrs, CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it, vi } from 'vitest';
import type { CrlnWebGpuBackend } from '../../src/backend.js';
import { describeGpu, expectClose, normals, run } from '../harness.js';

const gpu = () => tf.backend() as CrlnWebGpuBackend;
const tensor = (shape: number[], seed: number) =>
  tf.tensor(normals(tf.util.sizeFromShape(shape), seed), shape) as tf.Tensor;

const pads = [0, 1, 2].map(() => [1, 1]) as unknown as ConvAttrs['pads'];
const attrs = { strides: [1, 1, 1], pads, dilations: [1, 1, 1] };
const norm = { over: 'batch', epsilon: 1e-5, relu: true };
/** Few voxels and long sums: the product is computed in parts. */
const shape = [2, 2, 2, 2, 64];
const conv = (seed: number, bias?: tf.Tensor) =>
  run(
    KERNELS.Conv3d,
    { x: tensor(shape, seed), filter: tensor([3, 3, 3, 64, 64], seed + 1), ...(bias && { bias }) },
    attrs,
  )[0]!;
const inputGrad = (seed: number) =>
  run(
    KERNELS.Conv3dInputGrad,
    { dy: tensor(shape, seed), filter: tensor([3, 3, 3, 64, 64], seed + 1) },
    { ...attrs, inputShape: shape },
  )[0]!;

/** What `f` makes of a tensor that is a sum in parts, and of the same once it is added up; and whether it still is a sum after the first. */
async function both(make: () => tf.Tensor, f: (x: tf.Tensor) => tf.Tensor[]) {
  const [lazy, read] = [make(), make()];
  expect(gpu().deferred(lazy)).toBeDefined();
  await read.data();
  expect(gpu().deferred(read)).toBeUndefined();
  const [found, expected] = [f(lazy), f(read)];
  const still = gpu().deferred(lazy) !== undefined;
  for (const [i, one] of found.entries()) expectClose(await one.data(), await expected[i]!.data(), 1e-5);
  expectClose(await lazy.data(), await read.data(), 1e-5);
  return still;
}

describeGpu('sums in parts that the kernel after them adds up', () => {
  it('are normalised as the tensor that they stand for, which is written on the way', async () => {
    const [gamma, beta, bias] = [tensor([64], 5), tensor([64], 6), tensor([64], 7)];
    const still = await both(
      () => conv(1, bias),
      (x) => run(KERNELS.Norm, { x, gamma, beta }, norm),
    );
    expect(still).toBe(false);
  });

  it('go with running statistics that lie side by side, and wait where these do not', async () => {
    const [gamma, beta] = [tensor([64], 5), tensor([64], 6)];
    const step = (x: tf.Tensor, runningMean: tf.Tensor, runningVariance: tf.Tensor) =>
      run(KERNELS.BatchNormTraining, { x, gamma, beta, runningMean, runningVariance }, { ...norm, momentum: 0.1 });
    const apart = [tensor([64], 8), tf.ones([64])] as const;
    expect(
      await both(
        () => conv(1),
        (x) => step(x, ...apart),
      ),
    ).toBe(false);
    const [, , , , mean, variance] = step(conv(3), ...apart) as [never, never, never, never, tf.Tensor, tf.Tensor];
    expect(
      await both(
        () => conv(1),
        (x) => step(x, mean, variance),
      ),
    ).toBe(false);
  });

  it('are normalised by given statistics without being added up for others', async () => {
    const [mean, variance, bias] = [tensor([64], 5), tf.fill([64], 2), tensor([64], 7)];
    const still = await both(
      () => conv(1, bias),
      (x) => run(KERNELS.BatchNormInference, { x, mean, variance }, { epsilon: 1e-5, relu: true }),
    );
    expect(still).toBe(true);
  });

  it('are what comes back to a norm', async () => {
    const [x, gamma] = [tensor(shape, 9), tensor([64], 5)];
    const [, mean, variance, shift] = run(KERNELS.Norm, { x, gamma }, norm) as [never, tf.Tensor, tf.Tensor, tf.Tensor];
    const still = await both(
      () => inputGrad(1),
      (dy) => {
        const [dx, dgamma, dbeta] = run(KERNELS.NormGrad, { dy, x, mean, variance, shift, gamma }, norm);
        return [dx!, dgamma!, dbeta!];
      },
    );
    expect(still).toBe(true);
  });

  it('are added to another gradient of the filter', async () => {
    const volume = [1, 12, 12, 12, 4];
    const filterGrad = (seed: number) => {
      const inputs = { x: tensor(volume, seed), dy: tensor(volume, seed + 1) };
      return run(KERNELS.Conv3dFilterGrad, inputs, { ...attrs, filterShape: [3, 3, 3, 4, 4] })[0]!;
    };
    const others = { a1: tensor([5], 20), b1: tensor([5], 21) };
    const [whole, b0] = [filterGrad(3), tensor([3, 3, 3, 4, 4], 22)];
    await whole.data();
    const still = await both(
      () => filterGrad(1),
      (a0) => [
        ...run(KERNELS.AddPairs, { a0, b0, ...others }),
        ...run(KERNELS.AddPairs, { a0: b0, b0: a0, a1: whole, b1: filterGrad(3) }),
      ],
    );
    expect(still).toBe(true);
  });

  it('are added up before their bias goes, and let go of with their tensor', async () => {
    const bias = tensor([64], 7);
    const [y, expected] = [conv(1, bias), conv(1, bias)];
    const values = await expected.data();
    bias.dispose();
    expect(gpu().deferred(y)).toBeUndefined();
    expectClose(await y.data(), values, 1e-6);
    tf.dispose([y, expected]);
    const inputs = { x: tensor(shape, 1), filter: tensor([3, 3, 3, 64, 64], 2) };
    run(KERNELS.Conv3d, inputs, attrs)[0]!.dispose();
    const before = gpu().pool.blocks;
    const unread = run(KERNELS.Conv3d, inputs, attrs)[0]!;
    expect(gpu().deferred(unread)).toBeDefined();
    unread.dispose();
    expect(gpu().pool.blocks).toBe(before);
  });

  it.each([
    [4, 256],
    [32, 32],
  ])('have a bias along their own last axis, and no other: reshaped to [%i, %i]', async (rows, width) => {
    const bias = tensor([64], 7);
    const [mean, variance] = [tf.zeros([width]), tf.ones([width])];
    await both(
      () => conv(1, bias),
      (y) =>
        run(
          KERNELS.BatchNormInference,
          { x: tf.reshape(y, [rows, width]), mean, variance },
          { epsilon: 1e-5, relu: false },
        ),
    );
    await both(
      () => conv(1, bias),
      (y) => run(KERNELS.Norm, { x: tf.reshape(y, [rows, width]) }, norm),
    );
  });

  it('have the bias that a variable had, after it was assigned another and while the old one is kept', async () => {
    const bias = tf.variable(tensor([64], 7));
    const kept = bias.clone();
    const [y, expected] = [conv(1, bias), conv(1, bias)];
    const values = await expected.data();
    bias.assign(tensor([64], 9));
    expect(gpu().deferred(y)).toBeDefined();
    expectClose(await y.data(), values, 1e-6);
    tf.dispose([bias, kept]);
  });

  it('are let go of with their bias where the device is lost', () => {
    const bias = tensor([64], 7);
    const y = conv(1, bias);
    expect(gpu().deferred(y)).toBeDefined();
    const check = vi.spyOn(gpu().device, 'check').mockImplementation(() => {
      throw new CrlnError('backend-unavailable', 'the device was lost');
    });
    expect(() => bias.dispose()).not.toThrow();
    check.mockRestore();
    expect(gpu().deferred(y)).toBeUndefined();
    y.dispose();
  });
});
