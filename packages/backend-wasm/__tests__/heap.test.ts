import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from '../src/heap.js';

const purpose = { kernel: 'Test', shape: [] };
const heapOf = () => new Heap(new WebAssembly.Memory({ initial: 16, maximum: 4096, shared: true }));

it('hands out small and large blocks that do not touch, reuses them, and counts what is taken', () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 2100 }), fc.integer({ min: 2100, max: 300_000 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(sizes, fc.boolean(), fc.nat()), { maxLength: 300 }), (steps) => {
      const heap = heapOf();
      const live: [at: number, bytes: number][] = [];
      for (const [bytes, give, which] of steps) {
        const at = heap.take(bytes, purpose);
        expect(at % 64).toBe(0);
        // 64 more may be read.
        const end = at + bytes + 64;
        expect(end).toBeLessThanOrEqual(heap.capacity);
        expect(live.some(([other, length]) => at < other + length + 64 && other < end)).toBe(false);
        expect(heap.retain(at)).toBe(true);
        live.push([at, bytes]);
        if (give) heap.release(live.splice(which % live.length, 1)[0]![0]);
        expect(heap.blocks).toBe(live.length);
        expect(heap.used).toBeGreaterThanOrEqual(live.reduce((sum, [, length]) => sum + length, 0));
      }
      for (const [at] of live) heap.release(at);
      expect([heap.blocks, heap.used]).toEqual([0, 0]);
    }),
    { numRuns: 60 },
  );
});

it('does not grow over a loop that takes and frees thousands of small blocks around large ones', () => {
  const heap = heapOf();
  const turn = () =>
    heap.call(() => {
      for (let i = 0; i < 2000; i++) heap.take((i * 37) % 2048, purpose);
      for (let i = 1; i < 20; i++) heap.take(i * 50_000, purpose);
    });
  turn();
  const held = heap.capacity;
  for (let i = 0; i < 20; i++) turn();
  expect(heap.capacity).toBe(held);
  expect(heap.blocks).toBe(0);
});

it('frees what nested calls took and nobody adopted, each at its own end', () => {
  const heap = heapOf();
  const kept = heap.call(() => {
    const outer = heap.take(100, purpose);
    heap.call(() => heap.take(5000, purpose));
    expect(heap.blocks).toBe(1);
    heap.retain(outer);
    heap.take(64, purpose);
    return outer;
  });
  expect(heap.blocks).toBe(1);
  heap.release(kept);
  expect(heap.blocks).toBe(0);
});
