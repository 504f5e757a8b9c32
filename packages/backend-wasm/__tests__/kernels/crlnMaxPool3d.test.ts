import { KERNELS, type Pads3d, type PoolAttrs, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { expectClose, expectSame, integers, normals, RUNS, runOurs, useWasm } from './harness.js';
import { product } from './operands.js';

beforeAll(useWasm);

/** Each window's largest voxel, the first of equals in D, H, W order: where it lies, for every element of y; −1 in the padding alone. */
function winners(x: Float32Array, shape: number[], { poolSize, strides, pads }: PoolAttrs) {
  const [batch, D, H, W, C] = shape as [number, number, number, number, number];
  const size = [D, H, W].map((n, a) => Math.floor((n + pads[a]![0] + pads[a]![1] - poolSize[a]!) / strides[a]!) + 1);
  const [d, h, w] = size as Triple;
  const at: number[] = [];
  const inside = (position: number, tap: number, a: number) => position * strides[a]! + tap - pads[a]![0];
  for (let v = 0; v < batch * d * h * w; v++) {
    const [n, p, q, r] = [Math.floor(v / (d * h * w)), Math.floor(v / (h * w)) % d, Math.floor(v / w) % h, v % w];
    for (let c = 0; c < C; c++) {
      let best = -1;
      for (let t = 0; t < product(poolSize); t++) {
        const taps = [
          Math.floor(t / poolSize[1] / poolSize[2]),
          Math.floor(t / poolSize[2]) % poolSize[1],
          t % poolSize[2],
        ];
        const [P, Q, R] = [inside(p, taps[0]!, 0), inside(q, taps[1]!, 1), inside(r, taps[2]!, 2)];
        if (P < 0 || Q < 0 || R < 0 || P >= D || Q >= H || R >= W) continue;
        const tap = (((n * D + P) * H + Q) * W + R) * C + c;
        if (best < 0 || x[tap]! > x[best]!) best = tap;
      }
      at.push(best);
    }
  }
  return { at, shape: [batch, d, h, w, C] };
}

function expectPooling(shape: number[], attrs: PoolAttrs, values: Float32Array) {
  tf.tidy(() => {
    const x = tf.tensor(values, shape);
    const { at, shape: pooled } = winners(values, shape, attrs);
    const expected = at.map((tap) => (tap < 0 ? Math.fround(-3.4e38) : values[tap]!));
    const [y] = runOurs(KERNELS.MaxPool3d, { x }, attrs);
    expectSame(y!, expected);

    const dys = normals(at.length, 3);
    const gradient = new Float64Array(values.length);
    at.forEach((tap, i) => {
      if (tap >= 0) gradient[tap]! += dys[i]!;
    });
    const inputs = { dy: tf.tensor(dys, pooled), x, y: tf.tensor(y!, pooled) };
    expectClose(runOurs(KERNELS.MaxPool3dGrad, inputs, attrs)[0]!, gradient);
  });
}

const triples = (min: number, max: number) => {
  const one = fc.integer({ min, max });
  return fc.tuple(one, one, one);
};
const cases = fc.record({
  input: triples(3, 6),
  channels: fc.constantFrom(1, 3, 5, 17),
  poolSize: triples(1, 3),
  strides: triples(1, 3),
  before: triples(0, 2),
  after: triples(0, 2),
});

it('takes the first maximum of every window, and its gradient goes there', () => {
  fc.assert(
    fc.property(cases, ({ input, channels, before, after, ...rest }) => {
      const attrs = { ...rest, pads: before.map((p, a) => [p, after[a]!]) as Pads3d };
      const shape = [2, ...input, channels];
      expectPooling(shape, attrs, normals(product(shape)));
      // Whole numbers, so that windows with equal maxima occur.
      expectPooling(shape, attrs, Float32Array.from(integers(product(shape), -2, 2)));
    }),
    RUNS,
  );
});

it('does so where windows overlap the shares of several threads', () => {
  const none: [number, number] = [0, 0];
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
  expectPooling([2, 33, 31, 29, 5], even, normals(2 * 33 * 31 * 29 * 5));
  expectPooling([1, 40, 37, 23, 17], uneven, normals(40 * 37 * 23 * 17));
});
