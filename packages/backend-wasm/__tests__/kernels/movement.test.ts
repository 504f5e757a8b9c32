import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { integers, useWasm } from './harness.js';
import { dtypes, operand, shapes } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

/** Kernels that only move elements: the same bits as the stock ones, in every type. */
beforeAll(useWasm);

const same = { tolerance: 0 };
const runs = { numRuns: 60 };
const axes = (shape: number[]) => shape.map((_, i) => i);

describe('Slice', () => {
  const boxes = shapes(1, 5).chain((shape) =>
    fc.tuple(...shape.map((size) => fc.tuple(fc.nat(size - 1), fc.nat(size)))).map((pairs) => ({
      shape,
      begin: pairs.map(([begin]) => begin),
      size: pairs.map(([begin, size], i) => (size === 0 ? -1 : Math.min(size, shape[i]! - begin))),
    })),
  );
  it('cuts any box', async () => {
    await fc.assert(
      fc.asyncProperty(boxes, dtypes, async ({ shape, begin, size }, dtype) => {
        await expectSameAsStock('Slice', { x: operand(shape, dtype) }, { begin, size }, same);
      }),
      runs,
    );
  });
  it('owns its elements', () => {
    const x = tf.range(0, 100);
    const part = tf.slice(x, 10, 2);
    x.dispose();
    tf.range(100, 200);
    expect(Array.from(part.dataSync())).toEqual([10, 11]);
  });
  it('refuses a box that leaves the tensor', async () => {
    const run = expectSameAsStock('Slice', { x: operand([3]) }, { begin: [2], size: [2] });
    await expect(run).rejects.toThrow();
  });
});

it('SplitV cuts along any axis', async () => {
  const cases = shapes(1, 4).chain((shape) => fc.record({ shape: fc.constant(shape), axis: fc.nat(shape.length - 1) }));
  await fc.assert(
    fc.asyncProperty(cases, dtypes, async ({ shape, axis }, dtype) => {
      const size = shape[axis]!;
      const numOrSizeSplits = size > 2 ? [1, size - 2, 1] : size;
      await expectSameAsStock('SplitV', { x: operand(shape, dtype) }, { numOrSizeSplits, axis }, same);
    }),
    runs,
  );
});

it('PadV2 pads every axis on either side', async () => {
  const cases = shapes(1, 5).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      paddings: fc.tuple(...shape.map(() => fc.tuple(fc.nat(2), fc.nat(2)))),
      constantValue: fc.constantFrom(0, 1),
    }),
  );
  await fc.assert(
    fc.asyncProperty(cases, dtypes, async ({ shape, ...attrs }, dtype) => {
      await expectSameAsStock('PadV2', { x: operand(shape, dtype) }, attrs, same);
    }),
    runs,
  );
});

it('Concat joins along any axis', async () => {
  const cases = shapes(1, 5).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.nat(shape.length - 1),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 3 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(cases, dtypes, async ({ shape, axis, sizes }, dtype) => {
      const parts = sizes.map((size, i) => operand(shape.with(axis, size), dtype, i));
      await expectSameAsStock('Concat', parts, { axis }, same);
    }),
    runs,
  );
});

it('Concat of one tensor with empty ones is that tensor', async () => {
  const inputs = [operand([2, 0]), operand([2, 3])];
  await expectSameAsStock('Concat', inputs, { axis: 1 }, { ...same, ours: false });
});

it('Tile repeats every axis', async () => {
  const cases = shapes(0, 5).chain((shape) =>
    fc.record({ shape: fc.constant(shape), reps: fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 3 }))) }),
  );
  await fc.assert(
    fc.asyncProperty(cases, dtypes, async ({ shape, reps }, dtype) => {
      await expectSameAsStock('Tile', { x: operand(shape, dtype) }, { reps }, same);
    }),
    runs,
  );
});

describe('Transpose', () => {
  it('takes any order of up to six axes', async () => {
    const cases = shapes(1, 6).chain((shape) =>
      fc.record({ shape: fc.constant(shape), perm: fc.shuffledSubarray(axes(shape), { minLength: shape.length }) }),
    );
    await fc.assert(
      fc.asyncProperty(cases, dtypes, async ({ shape, perm }, dtype) => {
        await expectSameAsStock('Transpose', { x: operand(shape, dtype) }, { perm }, same);
      }),
      { numRuns: 150 },
    );
  });
  it.each([[[0, 2, 1]], [[2, 1, 0]], [[1, 2, 0]], [[0, 1, 2]]])('goes past the edge of a tile, %j', async (perm) => {
    await expectSameAsStock('Transpose', { x: operand([2, 67, 35]) }, { perm }, same);
  });
});

describe('GatherV2', () => {
  it('gathers along any axis', async () => {
    const cases = shapes(1, 4).chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        axis: fc.nat(shape.length - 1),
        picks: fc.constantFrom<number[]>([4], [2, 3], []),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, dtypes, async ({ shape, axis, picks }, dtype) => {
        const count = picks.reduce((a, b) => a * b, 1);
        const indices: Operand = { values: integers(count, 0, shape[axis]!, 1), shape: picks, dtype: 'int32' };
        await expectSameAsStock('GatherV2', { x: operand(shape, dtype), indices }, { axis, batchDims: 0 }, same);
      }),
      runs,
    );
  });
  it('makes floats of a float32 tensor that is stored as integers', () => {
    type Backend = { makeTensorInfo(shape: number[], dtype: string, values: Int32Array): tf.TensorInfo };
    const { backend } = tf.engine() as unknown as { backend: Backend };
    const info = backend.makeTensorInfo([3, 2], 'float32', Int32Array.of(1, 2, 3, 4, 5, 6));
    const picked = tf.gather(tf.engine().makeTensorFromTensorInfo(info), [2, 0]);
    expect(picked.dataSync()).toEqual(Float32Array.of(5, 6, 1, 2));
  });
  it('refuses an index outside the axis', async () => {
    const indices: Operand = { values: Int32Array.of(5), shape: [1], dtype: 'int32' };
    const run = expectSameAsStock('GatherV2', { x: operand([5]), indices }, { axis: 0, batchDims: 0 });
    await expect(run).rejects.toThrow(/index value 5/);
  });
});

describe('Cast', () => {
  const float: Operand = { values: Float32Array.of(0, -0, 1.9, -1.9, 300, -1, NaN, 2e9), shape: [8], dtype: 'float32' };
  it.each(['int32', 'bool'])('takes float32 to %s', (dtype) =>
    expectSameAsStock('Cast', { x: float }, { dtype }, same),
  );
  it.each(['float32', 'bool'])('takes int32 to %s', (dtype) =>
    expectSameAsStock('Cast', { x: operand([7], 'int32') }, { dtype }, same),
  );
  it.each(['float32', 'int32'])('takes bool to %s', (dtype) =>
    expectSameAsStock('Cast', { x: operand([7], 'bool') }, { dtype }, same),
  );
  it('leaves the same type to the stock kernel, which shares the array', () =>
    expectSameAsStock('Cast', { x: float }, { dtype: 'float32' }, { ...same, ours: false }));
});

it('Select picks elementwise, in the wider type', async () => {
  await fc.assert(
    fc.asyncProperty(shapes(1, 5), dtypes, dtypes, async (shape, t, e) => {
      const inputs = { condition: operand(shape, 'bool', 1), t: operand(shape, t, 2), e: operand(shape, e, 3) };
      await expectSameAsStock('Select', inputs, {}, same);
    }),
    runs,
  );
});
