import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { integers, RUNS, useWasm } from './harness.js';
import { dtypes, operand, shapes } from './operands.js';
import { expectSameAsStock, type Operand } from './stock.js';

/** Kernels that only move elements: the same bits as the stock ones, in every type. */
beforeAll(useWasm);

const same = { tolerance: 0 };
const axes = (shape: number[]) => shape.map((_, i) => i);

describe('Slice', () => {
  const boxes = shapes(1, 5).chain((shape) =>
    fc.tuple(...shape.map((size) => fc.tuple(fc.nat(size - 1), fc.nat(size)))).map((pairs) => ({
      shape,
      begin: pairs.map(([begin]) => begin),
      size: pairs.map(([begin, size], i) => (size === 0 ? -1 : Math.min(size, shape[i]! - begin))),
    })),
  );
  it('cuts any box', () => {
    fc.assert(
      fc.property(boxes, dtypes, ({ shape, begin, size }, dtype) => {
        expectSameAsStock('Slice', { x: operand(shape, dtype) }, { begin, size }, same);
      }),
      RUNS,
    );
  });
  it('owns its elements', () => {
    const x = tf.range(0, 100);
    const part = tf.slice(x, 10, 2);
    x.dispose();
    tf.range(100, 200);
    expect(Array.from(part.dataSync())).toEqual([10, 11]);
  });
  it('refuses a box that leaves the tensor', () => {
    const run = () => expectSameAsStock('Slice', { x: operand([3]) }, { begin: [2], size: [2] });
    expect(run).toThrow();
  });
});

it('SplitV cuts along any axis', () => {
  const cases = shapes(1, 4).chain((shape) => fc.record({ shape: fc.constant(shape), axis: fc.nat(shape.length - 1) }));
  fc.assert(
    fc.property(cases, dtypes, ({ shape, axis }, dtype) => {
      const size = shape[axis]!;
      const numOrSizeSplits = size > 2 ? [1, size - 2, 1] : size;
      expectSameAsStock('SplitV', { x: operand(shape, dtype) }, { numOrSizeSplits, axis }, same);
    }),
    RUNS,
  );
});

it('PadV2 pads every axis on either side', () => {
  const cases = shapes(1, 5).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      paddings: fc.tuple(...shape.map(() => fc.tuple(fc.nat(2), fc.nat(2)))),
      constantValue: fc.constantFrom(0, 1),
    }),
  );
  fc.assert(
    fc.property(cases, dtypes, ({ shape, ...attrs }, dtype) => {
      expectSameAsStock('PadV2', { x: operand(shape, dtype) }, attrs, same);
    }),
    RUNS,
  );
});

it('Concat joins along any axis', () => {
  const cases = shapes(1, 5).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.nat(shape.length - 1),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 3 }),
    }),
  );
  fc.assert(
    fc.property(cases, dtypes, ({ shape, axis, sizes }, dtype) => {
      const parts = sizes.map((size, i) => operand(shape.with(axis, size), dtype, i));
      expectSameAsStock('Concat', parts, { axis }, same);
    }),
    RUNS,
  );
});

it('Concat of one tensor with empty ones is that tensor', () => {
  const inputs = [operand([2, 0]), operand([2, 3])];
  expectSameAsStock('Concat', inputs, { axis: 1 }, { ...same, ours: false });
});

it('Tile repeats every axis', () => {
  const cases = shapes(0, 5).chain((shape) =>
    fc.record({ shape: fc.constant(shape), reps: fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 3 }))) }),
  );
  fc.assert(
    fc.property(cases, dtypes, ({ shape, reps }, dtype) => {
      expectSameAsStock('Tile', { x: operand(shape, dtype) }, { reps }, same);
    }),
    RUNS,
  );
});

describe('Transpose', () => {
  it('takes any order of up to six axes', () => {
    const cases = shapes(1, 6).chain((shape) =>
      fc.record({ shape: fc.constant(shape), perm: fc.shuffledSubarray(axes(shape), { minLength: shape.length }) }),
    );
    fc.assert(
      fc.property(cases, dtypes, ({ shape, perm }, dtype) => {
        expectSameAsStock('Transpose', { x: operand(shape, dtype) }, { perm }, same);
      }),
      RUNS,
    );
  });
  it.each([[[0, 2, 1]], [[2, 1, 0]], [[1, 2, 0]], [[0, 1, 2]]])('goes past the edge of a tile, %j', (perm) => {
    expectSameAsStock('Transpose', { x: operand([2, 67, 35]) }, { perm }, same);
  });
});

describe('GatherV2', () => {
  it('gathers along any axis', () => {
    const cases = shapes(1, 4).chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        axis: fc.nat(shape.length - 1),
        picks: fc.constantFrom<number[]>([4], [2, 3], []),
      }),
    );
    fc.assert(
      fc.property(cases, dtypes, ({ shape, axis, picks }, dtype) => {
        const count = picks.reduce((a, b) => a * b, 1);
        const indices: Operand = { values: integers(count, 0, shape[axis]!, 1), shape: picks, dtype: 'int32' };
        expectSameAsStock('GatherV2', { x: operand(shape, dtype), indices }, { axis, batchDims: 0 }, same);
      }),
      RUNS,
    );
  });
  it('makes floats of a float32 tensor that is stored as integers', () => {
    type Backend = { makeTensorInfo(shape: number[], dtype: string, values: Int32Array): tf.TensorInfo };
    const { backend } = tf.engine() as unknown as { backend: Backend };
    const info = backend.makeTensorInfo([3, 2], 'float32', Int32Array.of(1, 2, 3, 4, 5, 6));
    const picked = tf.gather(tf.engine().makeTensorFromTensorInfo(info), [2, 0]);
    expect(picked.dataSync()).toEqual(Float32Array.of(5, 6, 1, 2));
  });
  it('refuses an index outside the axis', () => {
    const indices: Operand = { values: Int32Array.of(5), shape: [1], dtype: 'int32' };
    const run = () => expectSameAsStock('GatherV2', { x: operand([5]), indices }, { axis: 0, batchDims: 0 });
    expect(run).toThrow(/index value 5/);
  });
});

describe('shares out tensors of several units', () => {
  const types = ['float32', 'bool'] as const;
  const x = (shape: number[], dtype: 'float32' | 'int32' | 'bool') => operand(shape, dtype, 5);
  it.each(types)('Slice of %s', (dtype) => {
    const attrs = { begin: [0, 3, 2], size: [2, 300, 230] };
    expectSameAsStock('Slice', { x: x([2, 310, 233], dtype) }, attrs, same);
    expectSameAsStock('Slice', { x: x([200_003, 3], dtype) }, { begin: [1, 1], size: [-1, 1] }, same);
    expectSameAsStock('Slice', { x: x([200_003], dtype) }, { begin: [2], size: [200_000] }, same);
  });
  it.each(types)('PadV2 of %s', (dtype) => {
    const paddings = [
      [1, 0],
      [0, 2],
      [3, 1],
    ];
    return expectSameAsStock('PadV2', { x: x([2, 310, 233], dtype) }, { paddings, constantValue: 1 }, same);
  });
  it.each(types)('Concat of %s', (dtype) => {
    expectSameAsStock('Concat', [x([150_001], dtype), x([7], dtype)], { axis: 0 }, same);
    expectSameAsStock('Concat', [x([50_001, 3], dtype), x([50_001, 1], dtype)], { axis: 1 }, same);
  });
  it.each(types)('SplitV of %s', (dtype) =>
    expectSameAsStock('SplitV', { x: x([50_001, 5], dtype) }, { numOrSizeSplits: [1, 4], axis: 1 }, same),
  );
  it.each(types)('Tile of %s', (dtype) => {
    expectSameAsStock('Tile', { x: x([50_001, 1], dtype) }, { reps: [1, 5] }, same);
    expectSameAsStock('Tile', { x: x([71, 3], dtype) }, { reps: [700, 2] }, same);
  });
  it.each(types)('Transpose of %s', (dtype) => {
    for (const perm of [
      [1, 0],
      [0, 2, 1],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const shape = perm.length === 2 ? [401, 503] : [3, 257, 301];
      expectSameAsStock('Transpose', { x: x(shape, dtype) }, { perm }, same);
    }
    expectSameAsStock('Transpose', { x: x([50_003, 5], dtype) }, { perm: [1, 0] }, same);
    expectSameAsStock('Transpose', { x: x([5, 50_003], dtype) }, { perm: [1, 0] }, same);
    expectSameAsStock('Transpose', { x: x([9001, 3, 7], dtype) }, { perm: [0, 2, 1] }, same);
  });
  it.each(types)('GatherV2 of %s', (dtype) => {
    const indices: Operand = { values: integers(40_001, 0, 301, 1), shape: [40_001], dtype: 'int32' };
    expectSameAsStock('GatherV2', { x: x([301, 5], dtype), indices }, { axis: 0, batchDims: 0 }, same);
    expectSameAsStock('GatherV2', { x: x([5, 301], dtype), indices }, { axis: 1, batchDims: 0 }, same);
  });
  it.each(['int32', 'bool', 'float32'] as const)('Select of %s', (dtype) => {
    const [t, e] = [operand([200_003], dtype, 2), operand([200_003], dtype, 3)];
    return expectSameAsStock('Select', { condition: operand([200_003], 'bool', 1), t, e }, {}, same);
  });
  it.each<[Operand['dtype'], string]>([
    ['float32', 'int32'],
    ['float32', 'bool'],
    ['int32', 'float32'],
    ['int32', 'bool'],
    ['bool', 'float32'],
    ['bool', 'int32'],
  ])('Cast of %s to %s', (from, dtype) => expectSameAsStock('Cast', { x: x([200_003], from) }, { dtype }, same));
});

describe('Cast', () => {
  const numbers = [0, -0, 1.9, -1.9, 300, -1, NaN, 2e9, -2147483648, 2147483648, 3e9, -3e9, 2 ** 53, 2 ** 56, Infinity];
  const float: Operand = { values: Float32Array.from(numbers), shape: [15], dtype: 'float32' };
  it.each(['int32', 'bool'])('takes float32 to %s', (dtype) =>
    expectSameAsStock('Cast', { x: float }, { dtype }, same),
  );
  it.each(['float32', 'bool'])('takes int32 to %s', (dtype) =>
    expectSameAsStock('Cast', { x: operand([7], 'int32') }, { dtype }, same),
  );
  it.each(['float32', 'int32'])('takes bool to %s', (dtype) =>
    expectSameAsStock('Cast', { x: operand([7], 'bool') }, { dtype }, same),
  );
  it('takes any shape of a type to another', () => {
    fc.assert(
      fc.property(shapes(0, 5), dtypes, dtypes, (shape, from, dtype) => {
        expectSameAsStock('Cast', { x: operand(shape, from) }, { dtype }, { ...same, ours: from !== dtype });
      }),
      RUNS,
    );
  });
  it('leaves the same type to the stock kernel, which shares the array', () =>
    expectSameAsStock('Cast', { x: float }, { dtype: 'float32' }, { ...same, ours: false }));
});

it('Select picks elementwise, in the wider type', () => {
  fc.assert(
    fc.property(shapes(1, 5), dtypes, dtypes, (shape, t, e) => {
      const inputs = { condition: operand(shape, 'bool', 1), t: operand(shape, t, 2), e: operand(shape, e, 3) };
      expectSameAsStock('Select', inputs, {}, same);
    }),
    RUNS,
  );
});
