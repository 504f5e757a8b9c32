import { KERNELS, type Pads3d, type PoolAttrs, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, expectClose, integers, normals, runOurs, sizeOf } from '../harness.js';

/** Where each window's largest voxel lies, the first or last of equals in D, H, W order; −1 for a window in the padding alone. */
function winners(x: Float32Array, shape: readonly number[], { poolSize, strides, pads }: PoolAttrs, last = false) {
  const [batch, D, H, W, C] = shape as [number, number, number, number, number];
  const size = [D, H, W].map((n, a) => Math.floor((n + pads[a]![0] + pads[a]![1] - poolSize[a]!) / strides[a]!) + 1);
  const [d, h, w] = size as Triple;
  const at: number[] = [];
  for (let v = 0; v < batch * d * h * w; v++) {
    const window = [Math.floor(v / (h * w)) % d, Math.floor(v / w) % h, v % w];
    for (let c = 0; c < C; c++) {
      let best = -1;
      for (let t = 0; t < sizeOf(poolSize); t++) {
        const taps = [
          Math.floor(t / poolSize[1] / poolSize[2]),
          Math.floor(t / poolSize[2]) % poolSize[1],
          t % poolSize[2],
        ];
        const [P, Q, R] = window.map((place, a) => place * strides[a]! + taps[a]! - pads[a]![0]) as Triple;
        if (P < 0 || Q < 0 || R < 0 || P >= D || Q >= H || R >= W) continue;
        const tap = (((Math.floor(v / (d * h * w)) * D + P) * H + Q) * W + R) * C + c;
        if (best < 0 || x[tap]! > x[best]! || (last && x[tap] === x[best])) best = tap;
      }
      at.push(best);
    }
  }
  return { at, shape: [batch, d, h, w, C] };
}

function gradient(at: number[], dy: Float32Array, size: number): Float64Array {
  const dx = new Float64Array(size);
  at.forEach((tap, i) => {
    if (tap >= 0) dx[tap]! += dy[i]!;
  });
  return dx;
}

async function expectPooling(shape: number[], attrs: PoolAttrs, values: Float32Array) {
  const { at, shape: pooled } = winners(values, shape, attrs);
  const [y] = await runOurs(KERNELS.MaxPool3d, { x: tf.tensor(values, shape) }, attrs);
  expect([...y!]).toEqual(at.map((tap) => (tap < 0 ? Math.fround(-3.4e38) : values[tap]!)));
  const dy = normals(at.length, 3);
  const inputs = { dy: tf.tensor(dy, pooled), x: tf.tensor(values, shape), y: tf.tensor(y!, pooled) };
  const [dx] = await runOurs(KERNELS.MaxPool3dGrad, inputs, attrs);
  expectClose(dx!, gradient(at, dy, values.length));
}

const triples = (min: number, max: number) => {
  const one = fc.integer({ min, max });
  return fc.tuple(one, one, one);
};
const none: [number, number] = [0, 0];

describeGpu('MaxPool3d and MaxPool3dGrad', () => {
  it('take the first maximum of every window, and its gradient goes there', async () => {
    const cases = fc.record({
      input: triples(3, 6),
      channels: fc.constantFrom(1, 3, 4, 5, 17, 64),
      poolSize: triples(1, 3),
      strides: triples(1, 3),
      before: triples(0, 2),
      after: triples(0, 2),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ input, channels, before, after, ...rest }) => {
        const attrs = { ...rest, pads: before.map((p, a) => [p, after[a]!]) as Pads3d };
        const shape = [2, ...input, channels];
        await expectPooling(shape, attrs, normals(sizeOf(shape)));
        // Whole numbers, so that windows with equal maxima occur.
        await expectPooling(shape, attrs, Float32Array.from(integers(sizeOf(shape), -2, 2)));
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  it('do so over many workgroups', async () => {
    const even: PoolAttrs = { poolSize: [2, 2, 2], strides: [2, 2, 2], pads: [none, none, none] };
    const uneven: PoolAttrs = {
      poolSize: [3, 3, 2],
      strides: [1, 2, 3],
      pads: [
        [1, 1],
        [0, 1],
        [1, 0],
      ],
    };
    await expectPooling([2, 33, 31, 29, 4], even, normals(2 * 33 * 31 * 29 * 4));
    await expectPooling([1, 20, 37, 23, 5], uneven, normals(20 * 37 * 23 * 5));
  });

  it('keep NaN, which has no gradient, and an infinity, which has', async () => {
    const attrs: PoolAttrs = { poolSize: [1, 1, 2], strides: [1, 1, 2], pads: [none, none, none] };
    const x = () => tf.tensor([1, NaN, NaN, 2, -Infinity, -Infinity], [1, 1, 1, 6, 1]);
    const [y] = await runOurs(KERNELS.MaxPool3d, { x: x() }, attrs);
    expect([...y!]).toEqual([NaN, NaN, -Infinity]);
    const dy = tf.tensor([1, 1, 1], [1, 1, 1, 3, 1]);
    const inputs = { dy, x: x(), y: tf.tensor(y!, [1, 1, 1, 3, 1]) };
    expect([...(await runOurs(KERNELS.MaxPool3dGrad, inputs, attrs))[0]!]).toEqual([0, 0, 0, 0, 1, 0]);
  });
});

/** TensorFlow.js' padding as pairs; below 0 where strides are longer than windows. */
const padsOf = (input: Triple, filter: Triple, strides: Triple, pad: string): Pads3d =>
  input.map((n, a) => {
    if (pad === 'valid') return none;
    const total = (Math.ceil(n / strides[a]!) - 1) * strides[a]! + filter[a]! - n;
    return [total >> 1, total - (total >> 1)];
  }) as Pads3d;

describeGpu('MaxPool3D and MaxPool3DGrad of TensorFlow.js', () => {
  it('take the largest of every window, and the last of equals has the gradient', async () => {
    const cases = fc.record({
      input: triples(3, 6),
      channels: fc.constantFrom(1, 3, 5, 17, 64),
      filterSize: triples(1, 3),
      strides: triples(1, 3),
      pad: fc.constantFrom('same', 'valid'),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ input, channels, filterSize, strides, pad }) => {
        const shape = [2, ...input, channels];
        const attrs = { filterSize, strides, pad, dataFormat: 'NDHWC' };
        const pads = padsOf(input, filterSize, strides, pad);
        const values = Float32Array.from(integers(sizeOf(shape), -3, 3));
        const { at, shape: pooled } = winners(values, shape, { poolSize: filterSize, strides, pads }, true);
        const [y] = await runOurs('MaxPool3D', { x: tf.tensor(values, shape) }, attrs);
        expect([...y!]).toEqual(at.map((tap) => values[tap]!));
        const dy = normals(at.length, 3);
        const inputs = { dy: tf.tensor(dy, pooled), input: tf.tensor(values, shape) };
        const [dx] = await runOurs('MaxPool3DGrad', inputs, attrs);
        expectClose(dx!, gradient(at, dy, values.length));
      }),
      { numRuns: 25, seed: 2 },
    );
  });

  it('pass NaN over', async () => {
    const attrs = { filterSize: [1, 1, 2], strides: [1, 1, 2], pad: 'valid' };
    const x = () => tf.tensor([1, NaN, NaN, 2, NaN, NaN], [1, 1, 1, 6, 1]);
    expect([...(await runOurs('MaxPool3D', { x: x() }, attrs))[0]!]).toEqual([1, 2, -Infinity]);
    const inputs = { dy: tf.tensor([1, 1, 1], [1, 1, 1, 3, 1]), input: x() };
    expect([...(await runOurs('MaxPool3DGrad', inputs, attrs))[0]!]).toEqual([1, 0, 0, 1, 0, 0]);
  });
});
