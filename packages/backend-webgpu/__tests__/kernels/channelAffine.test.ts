import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeGpu, expectClose, normals, runOurs, sizeOf } from '../harness.js';

const { ChannelAffine, ChannelAffineGrad, ChannelSum, ScaleChannels } = KERNELS;

describeGpu('ChannelAffine, its gradient, ChannelSum and ScaleChannels', () => {
  // The last are over many workgroups, and of more lanes than one workgroup has.
  describe.each([
    [2, 7, 11, 13, 1],
    [1, 7, 11, 13, 2],
    [2, 7, 11, 13, 3],
    [3, 3, 5, 7, 5],
    [2, 7, 11, 13, 17],
    [3, 3, 5, 7, 64],
    [3, 40_009, 5],
    [2, 60_001, 4],
    [2, 5, 1201],
  ])('of [%i, %i, %i, %i, %i]', (...dimensions: (number | undefined)[]) => {
    const shape = dimensions.filter((n): n is number => n !== undefined);
    const [size, channels] = [sizeOf(shape), shape.at(-1)!];
    const [x, dy, scale, shift] = [normals(size, 1), normals(size, 2), normals(channels, 3), normals(channels, 4)];
    const affine = x.map((value, i) => value * scale[i % channels]! + shift[i % channels]!);
    const sums = (values: ArrayLike<number>) => {
      const totals = new Float64Array(channels);
      for (let i = 0; i < values.length; i++) totals[i % channels]! += values[i]!;
      return totals;
    };

    it.each([true, false])('scale, shift and have the gradient of that, relu %s', async (relu) => {
      const y = relu ? affine.map((value) => Math.max(value, 0)) : affine;
      const inputs = { x: tf.tensor(x, shape), scale: tf.tensor1d(scale), shift: tf.tensor1d(shift) };
      const [ours] = await runOurs(ChannelAffine, inputs, { relu });
      expectClose(ours!, y);
      const saved = { x: tf.tensor(x, shape), y: tf.tensor(y, shape), scale: tf.tensor1d(scale) };
      const [dx, dscale, dshift] = await runOurs(ChannelAffineGrad, { dy: tf.tensor(dy, shape), ...saved }, { relu });
      const g = dy.map((value, i) => (relu && y[i] === 0 ? 0 : value));
      expectClose(
        dx!,
        g.map((value, i) => value * scale[i % channels]!),
      );
      expectClose(dscale!, sums(Float64Array.from(g, (value, i) => value * x[i]!)));
      expectClose(dshift!, sums(g));
    });

    it('sum over all but the channels', async () => {
      expectClose((await runOurs(ChannelSum, { x: tf.tensor(x, shape) }))[0]!, sums(x));
    });

    it('multiply every sample by its own channel mask', async () => {
      const mask = normals(shape[0]! * channels, 5).map((value) => (value > 0 ? 2 : 0));
      const inputs = { x: tf.tensor(x, shape), mask: tf.tensor2d(mask, [shape[0]!, channels]) };
      const [ours] = await runOurs(ScaleChannels, inputs);
      const sample = (i: number) => Math.floor(i / (size / shape[0]!));
      expectClose(
        ours!,
        x.map((value, i) => value * mask[sample(i) * channels + (i % channels)]!),
        1e-7,
      );
    });
  });

  it('sum a million equal voxels to float32 accuracy', async () => {
    const x = tf.tensor(new Float32Array(1 << 20).fill(0.1), [1 << 20, 1]);
    expectClose((await runOurs(ChannelSum, { x }))[0]!, [0.1 * (1 << 20)], 3e-7);
  });

  it('let NaN and infinities through, and keep them in their channel', async () => {
    const x = new Float32Array(300).fill(1);
    x[3 * 40] = NaN;
    x[3 * 99 + 1] = -Infinity;
    const given = () => ({ x: tf.tensor2d(x, [100, 3]), scale: tf.tensor1d([2, 2, 2]) });
    const [y] = await runOurs(ChannelAffine, { ...given(), shift: tf.tensor1d([0, 0, 0]) }, { relu: true });
    expect([...y!]).toEqual([...x].map((value) => (value === -Infinity ? 0 : value * 2)));
    expect([...(await runOurs(ChannelSum, { x: given().x }))[0]!]).toEqual([NaN, -Infinity, 100]);
    const dy = tf.tensor2d(new Float32Array(300).fill(1), [100, 3]);
    const gradients = { ...given(), dy, y: tf.tensor2d(y!, [100, 3]) };
    const [dx, dscale, dshift] = await runOurs(ChannelAffineGrad, gradients, { relu: true });
    expect([...dx!]).toEqual([...y!].map((value) => (value === 0 ? 0 : 2)));
    expect([...dscale!]).toEqual([NaN, NaN, 100]);
    expect([...dshift!]).toEqual([100, 99, 100]);
  });

  it('sum nothing to 0', async () => {
    expect([...(await runOurs(ChannelSum, { x: tf.tensor([], [0, 4, 3]) }))[0]!]).toEqual([0, 0, 0]);
  });
});
