import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import type { CrlnWebGpuBackend } from '../../src/backend.js';
import { joined, splitBytes } from '../../src/gpu/pool.js';
import { describeGpu } from '../harness.js';

const purpose = { kernel: 'test', shape: [1] };

describeGpu('The pool', () => {
  it('gives the same buffers to the same step, whatever the order in which they came back', () => {
    const { pool } = tf.backend() as CrlnWebGpuBackend;
    const step = () => Array.from({ length: 5 }, () => pool.take(3000, purpose));
    const first = step();
    for (const i of [3, 0, 4, 1, 2]) pool.release(first[i]!);
    const second = step();
    for (const i of [2, 4, 0, 3, 1]) pool.release(second[i]!);
    const third = step();
    expect(third.map(({ id }) => id)).toEqual(second.map(({ id }) => id));
    third.forEach((block) => void pool.release(block));
  });
});

describeGpu('Parts of a buffer', () => {
  const gpu = () => tf.backend() as CrlnWebGpuBackend;

  it('lie one after the other, each at a multiple of 256 bytes', () => {
    const { pool } = gpu();
    const sizes = [4, 256, 300, 0, 8];
    const whole = pool.take(splitBytes(sizes), purpose);
    const parts = pool.split(whole, sizes);
    expect(parts.map(({ offset }) => offset)).toEqual([0, 256, 512, 1024, 1280]);
    expect(joined(parts)).toMatchObject({ id: whole.id, offset: 0, bytes: 1536 });
    expect(joined(parts.slice(1, 3))).toMatchObject({ offset: 256, bytes: 768 });
    expect(joined([parts[0]!, parts[2]!])).toBeUndefined();
    expect(joined([parts[1]!, parts[0]!])).toBeUndefined();
    for (const part of parts) pool.release(part);
  });

  it('give the buffer back with the last of them', () => {
    const { pool } = gpu();
    const { used, blocks } = pool;
    const parts = pool.split(pool.take(1024, purpose), [4, 4, 4]);
    for (const part of [parts[1]!, parts[0]!]) pool.release(part);
    expect(pool.blocks).toBe(blocks + 1);
    pool.release(parts[2]!);
    expect([pool.used, pool.blocks]).toEqual([used, blocks]);
  });

  it('are written, copied and read where they lie', async () => {
    const { pool, recorder } = gpu();
    const [a, b] = pool.split(pool.take(512, purpose), [8, 8]);
    const other = pool.take(256, purpose);
    recorder.upload(Float32Array.of(1, 2), a!);
    recorder.upload(Float32Array.of(3, 4), b!);
    recorder.copy(b!, 4, other, 0, 4);
    recorder.copy(other, 0, a!, 4, 4);
    expect([...new Float32Array(await recorder.read(a!, 8))]).toEqual([1, 4]);
    expect([...new Float32Array(await recorder.read(b!, 8))]).toEqual([3, 4]);
    for (const block of [a!, b!, other]) pool.release(block);
  });
});
