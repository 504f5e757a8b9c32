import { describe, expect, it } from 'vitest';
import { SharedMemory } from '../../src/node/shared-memory.js';
import type { PreparedCase } from '../../src/types.js';

const scan = (id: string, voxels: number, label = true): PreparedCase => ({
  id,
  image: Float32Array.from({ length: voxels }, (_, n) => n + 0.5),
  ...(label && { label: Uint8Array.from({ length: voxels }, (_, n) => n % 3) }),
  shape: [1, 1, voxels],
  normalisation: 'minmax',
});

describe('SharedMemory', () => {
  it.each([true, false])('holds a copy of a case (with label: %s) that threads share', (label) => {
    const one = scan('a', 7, label);
    const shared = new SharedMemory().share(one);
    expect(shared).toEqual(one);
    expect(shared.image.buffer).toBeInstanceOf(SharedArrayBuffer);
    if (label) expect(shared.label!.buffer).toBe(shared.image.buffer);
  });

  it('uses the smallest memory that is free and suffices, and what is in use for nothing else', () => {
    const memory = new SharedMemory();
    const [large, small, kept] = [memory.share(scan('a', 9)), memory.share(scan('b', 5)), memory.share(scan('c', 5))];
    memory.release(large);
    memory.release(small);
    const next = memory.share(scan('d', 4));
    expect(next).toEqual(scan('d', 4));
    expect(next.image.buffer).toBe(small.image.buffer);
    expect(memory.share(scan('e', 5)).image.buffer).toBe(large.image.buffer);
    expect(kept).toEqual(scan('c', 5));
  });

  it('takes no more buffers than cases that are there at once, once there was one of the largest for each', () => {
    const memory = new SharedMemory();
    const buffers = new Set<unknown>();
    const there = [memory.share(scan('a', 9)), memory.share(scan('b', 9))];
    for (const voxels of [3, 9, 1, 8, 9, 2, 7]) {
      memory.release(there.shift()!);
      const one = memory.share(scan('x', voxels));
      there.push(one);
      buffers.add(one.image.buffer);
    }
    expect(buffers.size).toBe(2);
  });
});
