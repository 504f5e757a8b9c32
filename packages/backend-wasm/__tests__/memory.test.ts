import { CrlnError, isCrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Blocks } from '../src/blocks.js';
import { engine } from '../src/engine.js';
import { wasmMemoryBytes } from '../src/index.js';
import { useWasm } from './kernels/harness.js';
import { same } from './reference.js';

beforeAll(useWasm);

function convolve(size: number): void {
  tf.tidy(() => {
    const inputs = { x: tf.ones([2, size, size, size, 4]), filter: tf.ones([3, 3, 3, 4, 8]) };
    const y = tf.engine().runKernel(KERNELS.Conv3d, inputs, { ...same }) as tf.Tensor;
    tf.engine().runKernel(KERNELS.Conv3dFilterGrad, { x: inputs.x, dy: y }, { ...same, filterShape: [3, 3, 3, 4, 8] });
  });
}

describe('the shared memory', () => {
  it('does not grow over repeated calls, and every call gives its scratch space back', () => {
    const { heap } = engine();
    const before = heap.blocks;
    convolve(24);
    const held = wasmMemoryBytes();
    const tensors = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) convolve(24);
    convolve(8);
    expect(wasmMemoryBytes()).toBe(held);
    expect(heap.blocks).toBe(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('holds a large volume and little more', () => {
    convolve(96);
    // Input, filter, output, gradient: 2·96³·(4 + 8) floats.
    const tensors = 2 * 96 ** 3 * 12 * 4;
    expect(wasmMemoryBytes()).toBeLessThan(tensors + (64 << 20));
  });

  it('keeps a block while a tensor shares it, and not longer', () => {
    const { heap } = engine();
    const before = heap.blocks;
    const y = tf.tidy(() => tf.relu(tf.tensor1d([1, -2, 3])));
    const shared = tf.reshape(y, [3, 1]);
    y.dispose();
    expect(heap.blocks).toBe(before + 1);
    tf.dispose(tf.tidy(() => tf.relu(tf.ones([3]))));
    expect(Array.from(shared.dataSync())).toEqual([1, 0, 3]);
    shared.dispose();
    expect(heap.blocks).toBe(before);
  });

  it('gives users copies, which later tensors do not overwrite', async () => {
    const y = tf.relu(tf.tensor1d([1, 2, 3]));
    const [now, later] = [y.dataSync(), await y.data()];
    y.dispose();
    tf.dispose(tf.tidy(() => tf.relu(tf.zeros([3]))));
    expect(Array.from(now)).toEqual([1, 2, 3]);
    expect(Array.from(later)).toEqual([1, 2, 3]);
  });

  it('copies what a stock kernel cuts out of a tensor', () => {
    const { heap } = engine();
    const before = heap.blocks;
    const x = tf.tidy(() => tf.relu(tf.reshape(tf.range(0, 12), [3, 4])));
    const rows = tf.unstack(x);
    x.dispose();
    tf.dispose(tf.tidy(() => tf.relu(tf.zeros([12]))));
    expect(rows.map((row) => Array.from(row.dataSync()))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
    tf.dispose(rows);
    expect(heap.blocks).toBe(before);
  });

  it('names kernel, shape and bytes when it runs out, and works on afterwards', () => {
    const { heap } = engine();
    const blocks = heap.blocks;
    const limit = heap.limit;
    heap.limit = wasmMemoryBytes();
    const size = Math.ceil(Math.cbrt(wasmMemoryBytes() / 8));
    let caught: unknown;
    try {
      convolve(size);
    } catch (error) {
      caught = error;
    } finally {
      heap.limit = limit;
    }
    expect(isCrlnError(caught, 'out-of-memory')).toBe(true);
    const { message, fields } = caught as CrlnError;
    expect(message).toMatch(/CrlnConv3d: no WebAssembly memory for a tensor of shape \[\d+(,\d+)*\]: \d+ bytes/);
    expect(fields).toMatchObject({ kernel: 'CrlnConv3d', limit: wasmMemoryBytes() });
    expect(heap.blocks).toBe(blocks);
    convolve(24);
  });

  it('refuses what no 32-bit memory can hold', () => {
    const { heap } = engine();
    const blocks = heap.blocks;
    expect(() => heap.take(2 ** 32, { kernel: 'Test', shape: [1024, 1024, 1024] })).toThrow(CrlnError);
    expect(heap.blocks).toBe(blocks);
  });
});

describe('Blocks', () => {
  it('never hands out the same bytes twice, joins what is free again, and ends as it began', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.boolean(), fc.nat()), { maxLength: 200 }),
        (steps) => {
          const blocks = new Blocks(64);
          const live: [at: number, bytes: number][] = [];
          let end = 64;
          for (const [size, give, which] of steps) {
            const bytes = size * 64;
            let at = blocks.take(bytes);
            if (at === undefined) {
              const more = bytes - blocks.freeAtEnd;
              blocks.extend(more);
              end += more;
              at = blocks.take(bytes)!;
            }
            expect(live.some(([other, length]) => at < other + length && other < at + bytes)).toBe(false);
            expect(at + bytes).toBeLessThanOrEqual(end);
            live.push([at, bytes]);
            if (give) {
              const [[gone, length]] = live.splice(which % live.length, 1) as [[number, number]];
              expect(blocks.free(gone)).toBe(length);
            }
            expect(blocks.used).toBe(live.reduce((sum, [, length]) => sum + length, 0));
          }
          for (const [at] of live) blocks.free(at);
          expect(blocks.count).toBe(0);
          expect(blocks.freeAtEnd).toBe(end - 64);
        },
      ),
    );
  });
});
