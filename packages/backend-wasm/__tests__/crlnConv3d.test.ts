import { type ConvAttrs, dilatedSize, KERNELS, type Pads3d, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { kernelCalls, resetKernelCalls } from '../src/index.js';
import { RUNS, useWasm } from './kernels/harness.js';
import { ReferenceConv, randomArray, relativeError, same, sizeOf } from './reference.js';

beforeAll(useWasm);

/**
 * Runs a kernel on memory full of NaN: what a kernel reads beyond its data must not reach the result. Outside of tidy,
 * which would walk through a returned array element by element.
 */
function run(name: string, inputs: Record<string, tf.Tensor>, attrs: object): Float32Array {
  const result = tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
  const values = result.dataSync() as Float32Array;
  result.dispose();
  return values;
}

/** Compares forward and both gradients of one convolution with the float64 reference. */
function compare(x: number[], filter: number[], attrs: ConvAttrs, withBias: boolean, depthwise: boolean): number[] {
  const reference = new ReferenceConv(x, filter, attrs, depthwise);
  const xs = randomArray(sizeOf(x), 1);
  const ws = randomArray(sizeOf(filter), 2);
  const dys = randomArray(sizeOf(reference.yShape), 3);
  const outBias = withBias ? randomArray(filter.at(-1)!, 4) : undefined;
  const inBias = withBias && !depthwise ? randomArray(x[4]!, 5) : undefined;
  const kind = depthwise ? 'DepthwiseConv3d' : 'Conv3d';
  return tf.tidy(() => {
    const [xt, wt, dyt] = [tf.tensor(xs, x), tf.tensor(ws, filter), tf.tensor(dys, reference.yShape)];
    const y = run(KERNELS[kind], { x: xt, filter: wt, ...(outBias && { bias: tf.tensor1d(outBias) }) }, attrs);
    const dx = run(
      KERNELS[`${kind}InputGrad`],
      { dy: dyt, filter: wt, ...(inBias && { bias: tf.tensor1d(inBias) }) },
      { ...attrs, inputShape: x },
    );
    const dw = run(KERNELS[`${kind}FilterGrad`], { x: xt, dy: dyt }, { ...attrs, filterShape: filter });
    return [
      relativeError(y, reference.forward(xs, ws, outBias)),
      relativeError(dx, reference.inputGrad(dys, ws, inBias)),
      relativeError(dw, reference.filterGrad(xs, dys)),
    ];
  });
}

const triples = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min, max }));
const channels = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 12, 16, 17);

/** Sizes, and paddings on both sides, for which at least one output voxel is left. */
const problems = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: triples(1, 7),
    kernel: triples(1, 4),
    strides: triples(1, 3),
    dilations: triples(1, 3),
    before: triples(0, 4),
    after: triples(0, 4),
    ci: channels,
    co: channels,
    bias: fc.boolean(),
  })
  .map((p) => ({
    ...p,
    // Small volumes are made large enough for the kernel.
    size: p.size.map((n, a) => Math.max(n, dilatedSize(p.kernel[a]!, p.dilations[a]!) - p.before[a]! - p.after[a]!)),
    pads: p.before.map((b, a) => [b, p.after[a]!]) as Pads3d,
  }));

describe('CrlnConv3d', () => {
  it('equals the float64 definition for any size, stride, dilation, padding and channels, with both gradients', () => {
    fc.assert(
      fc.property(problems, (p) => {
        const attrs = { strides: p.strides as Triple, pads: p.pads, dilations: p.dilations as Triple };
        const errors = compare([p.batch, ...p.size, p.ci], [...p.kernel, p.ci, p.co], attrs, p.bias, false);
        expect(Math.max(...errors)).toBeLessThan(1e-5);
      }),
      { ...RUNS, seed: 7 },
    );
  });

  it.each([
    [4, 4, 2, 16, 16],
    [5, 7, 10, 1, 2],
    [8, 8, 4, 8, 8],
    [12, 11, 13, 3, 24],
    [6, 6, 6, 32, 40],
    [2, 2, 1, 40, 33],
  ])('equals the definition on %i×%i×%i voxels with %i → %i channels', (d, h, w, ci, co) => {
    for (const k of [1, 3]) {
      const attrs = k === 3 ? same : { ...same, pads: [0, 0, 0].map(() => [0, 0]) as Pads3d };
      expect(Math.max(...compare([2, d, h, w, ci], [k, k, k, ci, co], attrs, true, false))).toBeLessThan(1e-5);
    }
  });

  it('takes a volume of several slabs', () => {
    // One plane of window and result takes more than 1 MiB here, so that a slab holds only a few planes.
    const deep: ConvAttrs = {
      ...same,
      pads: [
        [1, 0],
        [0, 0],
        [0, 0],
      ],
    };
    const errors = compare([1, 8, 128, 128, 16], [2, 1, 1, 16, 1], deep, false, false);
    expect(errors[0]).toBeLessThan(1e-5);
    expect(errors[1]).toBeLessThan(1e-5);
    expect(errors[2]).toBeLessThan(1e-4);
    const strided: ConvAttrs = { ...same, strides: [2, 3, 2] };
    expect(Math.max(...compare([1, 18, 130, 120, 7], [3, 2, 1, 7, 2], strided, true, false))).toBeLessThan(1e-4);
  });

  it('counts its calls', () => {
    resetKernelCalls();
    compare([1, 3, 3, 3, 2], [3, 3, 3, 2, 2], same, false, false);
    expect(kernelCalls()).toEqual({ CrlnConv3d: 1, CrlnConv3dInputGrad: 1, CrlnConv3dFilterGrad: 1 });
  });

  it('names the tensor whose shape is wrong', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 4, 4, 4, 2]);
      const call = (filter: number[], bias: number[]) =>
        run(KERNELS.Conv3d, { x, filter: tf.zeros(filter), bias: tf.zeros(bias) }, same);
      expect(() => call([3, 3, 3, 3, 2], [2])).toThrow(/expected filter \[3,3,3,2,2\], got \[3,3,3,3,2\]/);
      expect(() => call([3, 3, 3, 2, 2], [3])).toThrow(/expected bias \[2\], got \[3\]/);
      expect(() => call([9, 3, 3, 2, 2], [2])).toThrow(/does not fit/);
    });
  });
});

describe('CrlnDepthwiseConv3d', () => {
  it('equals the float64 definition for any size, stride, dilation, padding and channels, with both gradients', () => {
    fc.assert(
      fc.property(problems, (p) => {
        const attrs = { strides: p.strides as Triple, pads: p.pads, dilations: p.dilations as Triple };
        const errors = compare([p.batch, ...p.size, p.ci], [...p.kernel, p.ci], attrs, p.bias, true);
        expect(Math.max(...errors)).toBeLessThan(1e-5);
      }),
      { ...RUNS, seed: 8 },
    );
  });

  it('refuses a filter of other channels', () => {
    tf.tidy(() => {
      expect(() =>
        run(KERNELS.DepthwiseConv3d, { x: tf.zeros([1, 4, 4, 4, 2]), filter: tf.zeros([3, 3, 3, 4]) }, same),
      ).toThrow(/expected filter \[kd, kh, kw, 2\], got \[3,3,3,4\]/);
    });
  });
});
