import { type ConvAttrs, CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FilterCache } from '../src/conv/filterCache.js';
import { engine } from '../src/engine.js';
import { Heap } from '../src/heap.js';
import { useWasm } from './kernels/harness.js';
import { randomArray, same, sizeOf } from './reference.js';

const purpose = { kernel: 'Test', shape: [] };
const KIB = 1 << 10;

/** A cache on a memory of its own, where every filter is written as its name. */
function cacheOf(budget: number) {
  const heap = new Heap(new WebAssembly.Memory({ initial: 16, maximum: 4096, shared: true }));
  heap.poison = true;
  const cache = new FilterCache(heap, budget);
  /** Asks once, as a kernel call does; says whether the filter had to be made, and what lies at its ends. */
  const ask = (version: object, name: number, bytes: number) =>
    heap.call(() => {
      let made = false;
      const at = cache.place({ version, layout: [name], bytes, purpose }, (place) => {
        made = true;
        new Int32Array(heap.memory.buffer, place, bytes / 4).fill(name);
      });
      const values = new Int32Array(heap.memory.buffer, at, bytes / 4);
      return { made, ends: [values[0], values.at(-1)] };
    });
  return { heap, cache, ask };
}

const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work);

describe('FilterCache', () => {
  it('keeps a filter from the eighth ask on, until it is forgotten', () => {
    const { heap, cache, ask } = cacheOf(1 << 20);
    const version = {};
    expect(times(10, () => ask(version, 1, 64 * KIB).made)).toEqual([...times(8, () => true), false, false]);
    expect([cache.blocks, cache.bytes, heap.blocks]).toEqual([1, 64 * KIB, 1]);
    cache.forget(version);
    expect([cache.blocks, cache.bytes, heap.blocks]).toEqual([0, 0, 0]);
    expect(ask(version, 1, 64 * KIB).made).toBe(true);
  });

  it('never keeps small ones, or those of no tensor', () => {
    const { heap, cache, ask } = cacheOf(1 << 20);
    const version = {};
    expect(times(12, () => ask(version, 1, 32 * KIB).made)).toEqual(times(12, () => true));
    for (let i = 0; i < 12; i++) {
      heap.call(() => cache.place({ version: undefined, layout: [1], bytes: 64 * KIB, purpose }, () => undefined));
    }
    expect([cache.blocks, heap.blocks]).toEqual([0, 0]);
  });

  it('gives the room of what is not asked for any more to what is, the longest unused first', () => {
    const { cache, ask } = cacheOf(200 * KIB);
    const [a, b, c] = [{}, {}, {}];
    for (const version of [a, b]) times(9, () => ask(version, 1, 100 * KIB));
    ask(a, 1, 100 * KIB);
    times(9, () => ask(c, 1, 100 * KIB));
    expect(cache.bytes).toBe(200 * KIB);
    expect([a, b, c].map((version) => ask(version, 1, 100 * KIB).made)).toEqual([false, true, false]);
  });

  it('keeps some of the filters that are asked for in turn where not all fit', () => {
    const { cache, ask } = cacheOf(250 * KIB);
    const versions = times(4, () => ({}));
    const turn = () => versions.map((version) => ask(version, 1, 100 * KIB).made);
    times(8, turn);
    expect(times(3, turn)).toEqual(times(3, () => [false, false, true, true]));
    expect(cache.bytes).toBe(200 * KIB);
  });

  it('gives way before the memory grows where filters are trained, the longest unused first', () => {
    const { heap, cache, ask } = cacheOf(1 << 20);
    const [a, b] = [{}, {}];
    // b lies next to what is free.
    for (const version of [a, b]) times(8, () => ask(version, 1, 200 * KIB));
    ask(a, 1, 200 * KIB);
    const held = heap.capacity;
    const free = held - heap.used;
    cache.yielding = true;
    heap.call(() => heap.take(free + 100 * KIB, purpose));
    expect([cache.bytes, heap.capacity]).toEqual([200 * KIB, held]);
    expect([a, b].map((version) => ask(version, 1, 200 * KIB).made)).toEqual([false, true]);
    cache.yielding = false;
    heap.call(() => heap.take(free + 100 * KIB, purpose));
    expect(cache.bytes).toBe(400 * KIB);
    expect(heap.capacity).toBeGreaterThan(held);
    for (const version of [a, b]) cache.forget(version);
    expect(heap.blocks).toBe(0);
  });

  it('gives way before memory runs out, but not what the call under way uses', () => {
    const { heap, cache, ask } = cacheOf(1 << 20);
    const [a, b] = [{}, {}];
    for (const version of [a, b]) times(8, () => ask(version, 1, 200 * KIB));
    heap.limit = heap.capacity;
    const most = heap.capacity - heap.used;
    heap.call(() => {
      cache.place({ version: b, layout: [1], bytes: 200 * KIB, purpose }, () => undefined);
      expect(() => heap.take(most + 300 * KIB, purpose)).toThrow(CrlnError);
    });
    expect(cache.bytes).toBe(200 * KIB);
    expect([b, a].map((version) => ask(version, 1, 200 * KIB).made)).toEqual([false, true]);
    for (const version of [a, b]) cache.forget(version);
    expect(heap.blocks).toBe(0);
  });

  it('gives every version and layout its own values, within the budget, and all memory back', () => {
    const bytes = [64, 80, 150, 400].map((n) => n * KIB);
    const step = fc.tuple(fc.nat(3), fc.nat(2), fc.integer({ min: 1, max: 9 }), fc.nat(9));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { heap, cache, ask } = cacheOf(300 * KIB);
        const versions = bytes.map(() => ({}));
        for (const [which, layout, count, forget] of steps) {
          const name = which * 10 + layout;
          for (const { ends } of times(count, () => ask(versions[which]!, name, bytes[which]!))) {
            expect(ends).toEqual([name, name]);
          }
          if (forget === 0) {
            cache.forget(versions[which]!);
            versions[which] = {};
          }
          expect(cache.bytes).toBeLessThanOrEqual(300 * KIB);
          expect(heap.blocks).toBe(cache.blocks);
        }
        for (const version of versions) cache.forget(version);
        expect([cache.bytes, heap.blocks]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a convolution', () => {
  beforeAll(useWasm);

  const strided: ConvAttrs = { ...same, strides: [2, 2, 2], pads: same.pads.map(() => [0, 0]) as never };
  const [one] = same.pads;
  const dilated: ConvAttrs = { ...same, dilations: [1, 2, 1], pads: [one, [2, 2], one] };

  /** y of a convolution and dx of one with dy = x, whose channels are as many. */
  function run(x: tf.Tensor, filter: tf.Tensor, attrs: ConvAttrs): number[][] {
    const input = attrs === strided ? x.shape.map((n, axis) => (axis % 4 === 0 ? n : 2 * n)) : x.shape;
    return [
      tf.engine().runKernel(KERNELS.Conv3d, { x, filter }, { ...attrs }) as tf.Tensor,
      tf.engine().runKernel(KERNELS.Conv3dInputGrad, { dy: x, filter }, { ...attrs, inputShape: input }) as tf.Tensor,
    ].map((result) => {
      const values = [...result.dataSync()];
      result.dispose();
      return values;
    });
  }

  it.each([
    ["by Winograd's kernels", [2, 6, 5, 7, 32], [3, 3, 3, 32, 32], same, 2],
    ['with dilation', [1, 5, 4, 7, 32], [3, 3, 3, 32, 32], dilated, 2],
    ['of stride 2, its gradient in eight passes', [1, 4, 4, 6, 132], [2, 2, 2, 132, 132], strided, 9],
    ['of one tap', [1, 3, 5, 7, 132], [1, 1, 1, 132, 132], { ...same, pads: strided.pads }, 2],
  ] as [string, number[], number[], ConvAttrs, number][])(
    'gives the same bits with a kept filter, %s, and frees it with the tensor',
    (_, shape, filterShape, attrs, layouts) => {
      const { heap, filters } = engine();
      const before = heap.blocks;
      const x = tf.tensor(randomArray(sizeOf(shape), 1), shape);
      for (const seed of [2, 3]) {
        // The second filter lies where the first one was.
        const filter = tf.tensor(randomArray(sizeOf(filterShape), seed), filterShape);
        const first = run(x, filter, attrs);
        for (let i = 1; i < 7; i++) run(x, filter, attrs);
        expect(filters.blocks).toBe(0);
        for (let i = 7; i < 10; i++) expect(run(x, filter, attrs)).toEqual(first);
        expect(filters.blocks).toBe(layouts);
        const alone = filter.clone();
        filter.dispose();
        expect(filters.blocks).toBe(layouts);
        alone.dispose();
        expect([filters.blocks, filters.bytes]).toEqual([0, 0]);
      }
      x.dispose();
      expect(heap.blocks).toBe(before);
    },
  );

  it('does not take the filter of another shape, or of other values, for its own', () => {
    const { filters } = engine();
    const [narrow, wide] = [
      tf.tensor(randomArray(200 * 24, 1), [1, 5, 5, 8, 24]),
      tf.tensor(randomArray(200 * 48, 1), [1, 5, 5, 8, 48]),
    ];
    const values = randomArray(27 * 24 * 48, 2);
    const filter = tf.tensor(values, [3, 3, 3, 24, 48]);
    const turned = tf.reshape(filter, [3, 3, 3, 48, 24]);
    const forward = (x: tf.Tensor, w: tf.Tensor) =>
      tf.tidy(() => [
        ...(tf.engine().runKernel(KERNELS.Conv3d, { x, filter: w }, { ...same }) as tf.Tensor).dataSync(),
      ]);
    for (let i = 0; i < 9; i++) forward(narrow, filter);
    for (let i = 0; i < 9; i++) forward(wide, turned);
    expect(filters.blocks).toBe(2);
    const fresh = tf.tensor(values, [3, 3, 3, 48, 24]);
    expect(forward(wide, turned)).toEqual(forward(wide, fresh));

    const weights = tf.variable(filter);
    tf.dispose([filter, turned]);
    for (let i = 0; i < 9; i++) forward(narrow, weights);
    const next = tf.tensor(randomArray(27 * 24 * 48, 3), [3, 3, 3, 24, 48]);
    weights.assign(next as never);
    expect(forward(narrow, weights)).toEqual(forward(narrow, next));
    tf.dispose([narrow, wide, fresh, weights, next]);
    expect(filters.blocks).toBe(0);
  });
});
