import { KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { sizeOf } from '../reference.js';
import { expectClose, expectRounded, normals, RUNS, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

// 17 channels and 7·11·13 voxels: the last lanes of a block are incomplete, and there is more than one block
describe.each([1, 2, 3, 4, 5, 16, 17])('%i channels', (channels) => {
  const shape = [2, 7, 11, 13, channels];
  const size = shape.reduce((a, b) => a * b);
  const x = normals(size, 1);
  const dy = normals(size, 2);
  const scale = normals(channels, 3);
  const shift = normals(channels, 4);
  const y = x.map((value, i) => Math.max(value * scale[i % channels]! + shift[i % channels]!, 0));

  it.each([true, false])('scales and shifts, relu %s', (relu) => {
    const inputs = { x: tf.tensor(x, shape), scale: tf.tensor1d(scale), shift: tf.tensor1d(shift) };
    const [ours] = runOurs(KERNELS.ChannelAffine, inputs, { relu });
    const plain = x.map((value, i) => value * scale[i % channels]! + shift[i % channels]!);
    expectClose(ours!, relu ? y : plain);
  });

  it.each([true, false])('has the gradient of that, relu %s', (relu) => {
    const inputs = {
      dy: tf.tensor(dy, shape),
      x: tf.tensor(x, shape),
      y: tf.tensor(y, shape),
      scale: tf.tensor1d(scale),
    };
    const [dx, dscale, dshift] = runOurs(KERNELS.ChannelAffineGrad, inputs, { relu });
    const g = dy.map((value, i) => (relu && y[i] === 0 ? 0 : value));
    const expectedScale = new Float64Array(channels);
    const expectedShift = new Float64Array(channels);
    g.forEach((value, i) => {
      expectedScale[i % channels]! += value * x[i]!;
      expectedShift[i % channels]! += value;
    });
    expectClose(
      dx!,
      g.map((value, i) => value * scale[i % channels]!),
    );
    expectClose(dscale!, expectedScale);
    expectClose(dshift!, expectedShift);
  });

  it('sums over all but the channels', () => {
    const expected = new Float64Array(channels);
    x.forEach((value, i) => {
      expected[i % channels]! += value;
    });
    expectClose(runOurs(KERNELS.ChannelSum, { x: tf.tensor(x, shape) })[0]!, expected);
  });

  it('multiplies every sample by its own channel mask', () => {
    const mask = normals(2 * channels, 5).map((value) => (value > 0 ? 2 : 0));
    const [ours] = runOurs(KERNELS.ScaleChannels, { x: tf.tensor(x, shape), mask: tf.tensor2d(mask, [2, channels]) });
    const perSample = size / 2;
    expectClose(
      ours!,
      x.map((value, i) => value * mask[Math.floor(i / perSample) * channels + (i % channels)]!),
    );
  });
});

it('are right for any number of samples, voxels and channels', () => {
  const cases = fc.record({
    samples: fc.integer({ min: 1, max: 3 }),
    size: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 7 })),
    channels: fc.constantFrom(1, 2, 3, 4, 5, 8, 17, 33),
    relu: fc.boolean(),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ samples, size, channels, relu, seed }) => {
      const shape = [samples, ...size, channels];
      const voxels = sizeOf(size);
      const [x, dy] = [normals(sizeOf(shape), seed), normals(sizeOf(shape), seed + 1)];
      const [scale, shift] = [normals(channels, seed + 2), normals(channels, seed + 3)];
      const mask = normals(samples * channels, seed + 4);
      const tensors = {
        ...{ x: tf.tensor(x, shape), dy: tf.tensor(dy, shape), scale: tf.tensor1d(scale), shift: tf.tensor1d(shift) },
        mask: tf.tensor2d(mask, [samples, channels]),
      };
      const { x: xt, dy: dyt, scale: scales, shift: shifts, mask: masks } = tensors;
      const [y] = runOurs(KERNELS.ChannelAffine, { x: xt, scale: scales, shift: shifts }, { relu });
      const affine = (f: (value: number) => number) =>
        Float64Array.from(x, (value, i) => f(value * scale[i % channels]!) + f(shift[i % channels]!));
      const plain = affine((value) => value);
      expectRounded(y!, relu ? plain.map((value) => Math.max(value, 0)) : plain, affine(Math.abs));
      const yt = tf.tensor(y!, shape);
      const gradients = { dy: dyt, x: xt, y: yt, scale: scales };
      const [dx, dscale, dshift] = runOurs(KERNELS.ChannelAffineGrad, gradients, { relu });
      const g = Float64Array.from(dy, (value, i) => (relu && y![i] === 0 ? 0 : value));
      const slope = g.map((value, i) => value * scale[i % channels]!);
      expectRounded(dx!, slope, slope.map(Math.abs));
      const expectSums = (actual: Float32Array, terms: Float64Array) => {
        const [sums, sizes] = [new Float64Array(channels), new Float64Array(channels)];
        terms.forEach((term, i) => {
          sums[i % channels]! += term;
          sizes[i % channels]! += Math.abs(term);
        });
        expectRounded(actual, sums, sizes);
      };
      expectSums(
        dscale!,
        g.map((value, i) => value * x[i]!),
      );
      expectSums(dshift!, g);
      expectSums(runOurs(KERNELS.ChannelSum, { x: xt })[0]!, Float64Array.from(x));
      const [scaled] = runOurs(KERNELS.ScaleChannels, { x: xt, mask: masks });
      const factor = (i: number) => mask[Math.floor(i / channels / voxels) * channels + (i % channels)]!;
      const products = Float64Array.from(x, (value, i) => value * factor(i));
      expectRounded(scaled!, products, products.map(Math.abs));
      tf.dispose([tensors, yt]);
    }),
    RUNS,
  );
});

it('sums a million voxels to float32 accuracy', () => {
  const x = new Float32Array(1 << 20).fill(0.1);
  const [sum] = runOurs(KERNELS.ChannelSum, { x: tf.tensor(x, [1 << 20, 1]) });
  expect(sum![0]).toBe(Math.fround(Math.fround(0.1) * (1 << 20)));
});

// More than two units of work, samples that end inside a row
it.each([1, 3, 5, 16, 33])('shares many units: %i channels', (channels) => {
  const shape = [3, Math.ceil(60_011 / channels), channels];
  const size = shape.reduce((a, b) => a * b);
  const [x, dy] = [normals(size, 1), normals(size, 2)];
  const [scale, shift, mask] = [normals(channels, 3), normals(channels, 4), normals(3 * channels, 5)];
  const y = x.map((value, i) => Math.max(value * scale[i % channels]! + shift[i % channels]!, 0));
  const tensors = { x: tf.tensor(x, shape), scale: tf.tensor1d(scale) };
  const { ChannelAffine, ChannelAffineGrad, ScaleChannels } = KERNELS;
  expectClose(runOurs(ChannelAffine, { ...tensors, shift: tf.tensor1d(shift) }, { relu: true })[0]!, y);
  const gradients = { ...tensors, dy: tf.tensor(dy, shape), y: tf.tensor(y, shape) };
  const [dx, dscale, dshift] = runOurs(ChannelAffineGrad, gradients, { relu: true });
  const [expectedScale, expectedShift] = [new Float64Array(channels), new Float64Array(channels)];
  const g = dy.map((value, i) => (y[i] === 0 ? 0 : value));
  g.forEach((value, i) => {
    expectedScale[i % channels]! += value * x[i]!;
    expectedShift[i % channels]! += value;
  });
  expectClose(
    dx!,
    g.map((value, i) => value * scale[i % channels]!),
  );
  expectClose(dscale!, expectedScale);
  expectClose(dshift!, expectedShift);
  expectClose(
    runOurs(ScaleChannels, { x: tensors.x, mask: tf.tensor2d(mask, [3, channels]) })[0]!,
    x.map((value, i) => value * mask[Math.floor(i / (size / 3)) * channels + (i % channels)]!),
  );
});

it('lets NaN and infinities through, and keeps them in their channel', () => {
  const x = new Float32Array(300).fill(1);
  x[3 * 40] = NaN;
  x[3 * 99 + 1] = -Infinity;
  const tensors = { x: tf.tensor2d(x, [100, 3]), scale: tf.tensor1d([2, 2, 2]) };
  const [y] = runOurs(KERNELS.ChannelAffine, { ...tensors, shift: tf.tensor1d([0, 0, 0]) }, { relu: true });
  expect([...y!]).toEqual([...x].map((value) => (value === -Infinity ? 0 : value * 2)));
  expect([...runOurs(KERNELS.ChannelSum, { x: tensors.x })[0]!]).toEqual([NaN, -Infinity, 100]);
  const gradients = { ...tensors, dy: tf.ones([100, 3]), y: tf.tensor2d(y!, [100, 3]) };
  const [dx, dscale, dshift] = runOurs(KERNELS.ChannelAffineGrad, gradients, { relu: true });
  expect([...dx!]).toEqual([...y!].map((value) => (value === 0 ? 0 : 2)));
  expect([...dscale!]).toEqual([NaN, NaN, 100]);
  expect([...dshift!]).toEqual([100, 99, 100]);
});
