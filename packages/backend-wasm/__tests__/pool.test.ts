import { CrlnError } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { Pool } from '../src/pool.js';
import { Crew, FINISHED, PUBLISHED, TICKET, UNITS } from '../src/worker/protocol.js';

type Kernel = (...values: number[]) => void;

/** A pool whose workers never come; where a test needs one, it plays it. */
function pool(kernels: Record<string, Kernel>, threads = 1): { pool: Pool; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  return { pool: new Pool({ module, memory, kernels, control: 0, threads, spawn: () => undefined }), memory };
}

describe('Pool', () => {
  it('does all units in one call where there is one thread', () => {
    const calls: number[][] = [];
    pool({ kernel: (...values) => calls.push(values) }).pool.run('kernel', 7, [1, 2]);
    expect(calls).toEqual([[1, 2, 0, 7, 0]]);
  });

  it('does every unit once, also where there are more than a ticket can count, and where workers never come', () => {
    const done = new Map<number, number>();
    const kernel: Kernel = (value, from, to, thread) => {
      expect([value, to! - from!, thread]).toEqual([42, 1, 0]);
      done.set(from!, (done.get(from!) ?? 0) + 1);
    };
    const units = 10_000;
    pool({ kernel }, 2).pool.run('kernel', units, [42]);
    expect(done.size).toBe(units);
    expect(Math.max(...done.values())).toBe(1);
  });

  it('says which kernel failed, and works on afterwards', () => {
    let fail = true;
    const shared = pool(
      {
        kernel: () => {
          if (fail) throw new RangeError('out of bounds');
        },
      },
      2,
    ).pool;
    expect(() => shared.run('kernel', 3, [])).toThrow(CrlnError);
    expect(() => shared.run('kernel', 3, [])).toThrow('kernel: the kernel failed');
    fail = false;
    expect(() => shared.run('kernel', 3, [])).not.toThrow();
  });

  it('gives a thread that comes late, or between two jobs, nothing to do', () => {
    const calls: number[] = [];
    const { pool: shared, memory } = pool({ kernel: (unit) => calls.push(unit!) }, 2);
    const late = new Crew(memory, 0, [(unit) => calls.push(1000 + unit!)], 1);
    late.work();
    shared.run('kernel', 2, []);
    late.work();
    expect(calls).toEqual([0, 1]);
    const words = new Int32Array(memory.buffer, 0, 8);
    expect(words[FINISHED]).toBe(2);
    expect(words[PUBLISHED]).toBe(1);
    expect(words[UNITS]).toBe(2);
    expect(words[TICKET]! & 8191).toBeGreaterThan(2);
  });
});
