import { type ConvAttrs, dilatedSize, KERNELS, type Pads3d } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, normals, relativeError, run, runOurs, sizeOf } from '../harness.js';
import { ReferenceConv, same } from '../reference.js';

/** Errors of the convolution and both gradients against the float64 definition: max|a − b| / max|b|. */
async function errors(x: number[], filter: number[], attrs: ConvAttrs, withBias: boolean): Promise<number[]> {
  const reference = new ReferenceConv(x, filter, attrs, true);
  const { yShape } = reference;
  const [xs, ws, dys] = [normals(sizeOf(x), 1), normals(sizeOf(filter), 2), normals(sizeOf(yShape), 3)];
  const bias = withBias ? normals(x[4]!, 4) : undefined;
  const of = (values: Float32Array, shape: number[]) => tf.tensor(values, shape);
  const biased = bias ? { bias: tf.tensor1d(bias) } : {};
  const [y] = await runOurs(KERNELS.DepthwiseConv3d, { x: of(xs, x), filter: of(ws, filter), ...biased }, attrs);
  const [dx] = await runOurs(
    KERNELS.DepthwiseConv3dInputGrad,
    { dy: of(dys, yShape), filter: of(ws, filter) },
    { ...attrs, inputShape: x },
  );
  const [dw] = await runOurs(
    KERNELS.DepthwiseConv3dFilterGrad,
    { x: of(xs, x), dy: of(dys, yShape) },
    { ...attrs, filterShape: filter },
  );
  return [
    relativeError(y!, reference.forward(xs, ws, bias)),
    relativeError(dx!, reference.inputGrad(dys, ws)),
    relativeError(dw!, reference.filterGrad(xs, dys)),
  ];
}

const triples = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min, max }));

describeGpu('CrlnDepthwiseConv3d and its gradients', () => {
  it('equal the float64 definition for any size, stride, dilation, padding and channels', async () => {
    const problems = fc.record({
      batch: fc.integer({ min: 1, max: 2 }),
      size: triples(1, 8),
      kernel: triples(1, 4),
      strides: triples(1, 3),
      dilations: triples(1, 3),
      before: triples(0, 4),
      after: triples(0, 4),
      channels: fc.constantFrom(1, 4, 5, 17, 36),
      bias: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(problems, async ({ batch, size, kernel, strides, dilations, before, after, channels, bias }) => {
        const pads = before.map((b, a) => [b, after[a]!]) as Pads3d;
        const reach = kernel.map((k, a) => dilatedSize(k, dilations[a]!) - before[a]! - after[a]!);
        const x = [batch, ...size.map((n, a) => Math.max(n, reach[a]!)), channels];
        const [y, dx, dw] = await errors(x, [...kernel, channels], { strides, pads, dilations }, bias);
        expect(y).toBeLessThan(1e-5);
        expect(dx).toBeLessThan(1e-5);
        expect(dw).toBeLessThan(1e-5);
      }),
      { numRuns: 25, seed: 8 },
    );
  });

  it('keep their errors small on many voxels', async () => {
    const [y, dx, dw] = await errors([1, 50, 49, 48, 3], [3, 1, 2, 3], same, true);
    expect(y).toBeLessThan(1e-5);
    expect(dx).toBeLessThan(1e-5);
    expect(dw).toBeLessThan(1e-4);
  });

  it('take an empty batch', async () => {
    const x = tf.zeros([0, 4, 4, 4, 2]);
    const [y] = run(KERNELS.DepthwiseConv3d, { x, filter: tf.ones([3, 3, 3, 2]) }, same);
    expect(y!.shape).toEqual(x.shape);
    const [dw] = await runOurs(
      KERNELS.DepthwiseConv3dFilterGrad,
      { x, dy: y! },
      { ...same, filterShape: [3, 3, 3, 2] },
    );
    expect(dw).toEqual(new Float32Array(27 * 2));
  });

  it('refuse a filter of other channels', () => {
    const call = () =>
      run(KERNELS.DepthwiseConv3d, { x: tf.zeros([1, 4, 4, 4, 2]), filter: tf.zeros([3, 3, 3, 4]) }, same);
    expect(call).toThrow(/expected filter \[kd, kh, kw, 2\], got \[3,3,3,4\]/);
  });
});
