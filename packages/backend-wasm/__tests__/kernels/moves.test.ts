import { KERNELS, stream, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { expectSame, integers, normals, RUNS, runOurs, useWasm } from './harness.js';
import { product } from './operands.js';

beforeAll(useWasm);

const size = fc.integer({ min: 1, max: 7 });
const volumes = fc.record({
  input: fc.tuple(size, size, size),
  result: fc.tuple(size, size, size),
  channels: fc.constantFrom(undefined, 1, 3, 5, 17),
  along: fc.constantFrom<Triple>([0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0]),
  labels: fc.boolean(),
  seed: fc.nat(),
});

/** A float volume of normals or an int32 one. */
const volume = (shape: number[], labels: boolean) =>
  labels ? tf.tensor(integers(product(shape), -9, 9), shape, 'int32') : tf.tensor(normals(product(shape)), shape);

it('moves voxels to where three tables say, bit for bit', () => {
  fc.assert(
    fc.property(volumes, ({ input, result, channels = 0, along, labels, seed }) => {
      expectGathered([2, ...input, ...(channels ? [channels] : [])], result, along, labels, seed);
    }),
    RUNS,
  );
});

it.each([true, false])('moves the voxels of volumes that threads share: labels %s', (labels) => {
  expectGathered([2, 41, 39, 37], [43, 37, 40], [1, 0, 2], labels, 1);
  expectGathered([2, 21, 19, 17, 17], [23, 17, 20], [0, 1, 2], labels, 2);
});

function expectGathered(shape: number[], result: Triple, along: Triple, labels: boolean, seed: number) {
  const [, ...input] = shape as [number, number, number, number];
  const rng = stream(seed, 'tables');
  // Every third table looks at neighbours in order, as a crop does: rows that lie together are copied as one.
  const from = result.map((n, axis) => {
    const source = input[along[axis]!]!;
    const first = rng.integer(3) === 0 ? rng.integer(source + 1) : undefined;
    return Int32Array.from({ length: n }, (_, i) => {
      const position = first === undefined ? rng.integer(source + 1) - 1 : first + i;
      return position < source ? position : -1;
    });
  });
  tf.tidy(() => {
    const x = volume(shape, labels);
    const xs = x.dataSync();
    const [y] = runOurs(KERNELS.GatherAxes, { x }, { along, from, fill: -2 });
    const channels = shape[4] ?? 1;
    const expected: number[] = [];
    for (let n = 0; n < shape[0]!; n++)
      for (const d of from[0]!)
        for (const h of from[1]!)
          for (const w of from[2]!) {
            const at = [0, 0, 0];
            [d, h, w].forEach((position, axis) => {
              at[along[axis]!] = position;
            });
            const [P, Q, R] = at as Triple;
            const voxel = ((n * input[0]! + P) * input[1]! + Q) * input[2]! + R;
            for (let c = 0; c < channels; c++) expected.push(Math.min(d, h, w) < 0 ? -2 : xs[voxel * channels + c]!);
          }
    expectSame(y!, expected);
  });
}

it('takes any voxel of the batch, or the constant', () => {
  const cases = fc.tuple(volumes, fc.integer({ min: 1, max: 3 }));
  fc.assert(
    fc.property(cases, ([{ input, channels = 0, labels, seed }, batch]) => {
      expectTaken([batch, ...input, ...(channels ? [channels] : [])], labels, seed);
    }),
    RUNS,
  );
});

it.each([true, false])('takes any of the voxels that threads share: labels %s', (labels) => {
  expectTaken([2, 33, 45, 54], labels, 1);
  expectTaken([2, 23, 25, 14, 17], labels, 2);
});

function expectTaken(shape: number[], labels: boolean, seed: number) {
  tf.tidy(() => {
    const x = volume(shape, labels);
    const [xs, channels] = [x.dataSync(), shape[4] ?? 1];
    const voxels = product(shape) / channels;
    const index = integers(voxels, -1, voxels, seed);
    const [y] = runOurs(KERNELS.GatherVoxels, { x, index: tf.tensor1d(index, 'int32') }, { fill: 0.5 });
    const fill = labels ? 0 : 0.5;
    const expected = Array.from(y!, (_, i) => {
      const voxel = index[Math.floor(i / channels)]!;
      return voxel < 0 ? fill : xs[voxel * channels + (i % channels)]!;
    });
    expect(y!.length).toBe(xs.length);
    expectSame(y!, expected);
  });
}

it.each([-2, 6])('refuses the index %i, and says where it stands', (wrong) => {
  const index = tf.tensor1d([0, 1, wrong, 3, -1, 5], 'int32');
  expect(() => runOurs(KERNELS.GatherVoxels, { x: tf.ones([1, 1, 2, 3]), index }, { fill: 0 })).toThrow(
    `index[2] is ${wrong}, expected -1 to 5`,
  );
});
