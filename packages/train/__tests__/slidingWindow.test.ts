import type { Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { mostProbable, slidingWindow } from '../src/slidingWindow.js';
import { windowStarts, windowWeights } from '../src/windows.js';

beforeAll(() => tf.setBackend('cpu'));

const ramp = (...shape: number[]) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, v) => v + 1),
  shape,
});
const identity = (x: tf.Tensor5D) => tf.clone(x);

describe('window starts', () => {
  it('are min(i·stride, n − roi), as the reference evaluation has them', () => {
    expect(windowStarts([190, 142, 88], [112, 112, 80], { stride: [18, 18, 4] })).toEqual([
      [0, 18, 36, 54, 72, 78],
      [0, 18, 30],
      [0, 4, 8],
    ]);
  });

  it('come from an overlap too, and are one where the volume is not larger than the window', () => {
    expect(windowStarts([10, 4, 3], [4, 4, 8], { overlap: 0.5 })).toEqual([[0, 2, 4, 6], [0], [-2]]);
    expect(windowStarts([9, 8, 8], [8, 8, 8])).toEqual([[0, 1], [0], [0]]);
  });

  it.each([
    [{ overlap: 1 }, /overlap/],
    [{ overlap: -0.1 }, /overlap/],
    [{ stride: 0 }, /stride/],
    [{ stride: 9 }, /stride/],
    [{ stride: 1, overlap: 0.5 }, /stride must be absent/],
  ])('refuse %j', (options, message) => {
    expect(() => windowStarts([9, 9, 9], [8, 8, 8], options)).toThrow(message);
  });

  it('cover every voxel', () => {
    const sizes = fc.tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 20 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
    );
    fc.assert(
      fc.property(sizes, ([n, roi, overlap]) => {
        const size: Triple = [n, 1, 1];
        const window: Triple = [roi, 1, 1];
        const starts = windowStarts(size, window, { overlap });
        expect(new Set(starts[0]).size).toBe(starts[0].length);
        const { sum } = windowWeights(size, window, starts, 'constant');
        expect(Math.min(...sum[0])).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});

describe('slidingWindow', () => {
  it.each(['constant', 'gaussian'] as const)('gives a constant where the network does: %s', async (mode) => {
    const out = await slidingWindow(ramp(9, 7, 5), (x) => tf.fill([...x.shape.slice(0, 4), 3], 0.25), {
      roiSize: [4, 4, 4],
      overlap: 0.5,
      mode,
    });
    expect(out).toHaveLength(9 * 7 * 5 * 3);
    for (const value of out) expect(value).toBeCloseTo(0.25, 6);
  });

  it.each(['constant', 'gaussian'] as const)('puts every voxel back where it was: %s', async (mode) => {
    const shapes = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 9 })));
    await fc.assert(
      fc.asyncProperty(shapes, shapes, fc.integer({ min: 1, max: 3 }), async (shape, roi, channels) => {
        const volume = ramp(...shape, channels);
        const out = await slidingWindow(volume, identity, { roiSize: roi as Triple, mode, batchSize: 4 });
        out.forEach((value, v) => {
          expect(Math.abs(value / volume.data[v]! - 1)).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('averages over as many windows as cover a voxel', async () => {
    let window = 0;
    const out = await slidingWindow(ramp(5, 1, 1), (x) => tf.fill(x.shape, window++), {
      roiSize: [3, 1, 1],
      stride: 1,
    });
    // Windows 0, 1, 2 cover voxels 0–2, 1–3, 2–4.
    expect([...out]).toEqual([0, 0.5, 1, 1.5, 2]);
  });

  it('trusts the centre of a window most in gaussian mode', async () => {
    let window = 0;
    const options = { roiSize: [8, 1, 1] as Triple, overlap: 0.5, mode: 'gaussian' as const };
    const out = await slidingWindow(ramp(12, 1, 1), (x) => tf.fill(x.shape, window++), options);
    expect([...out.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(out[4]).toBeLessThan(0.1);
    expect(out[7]).toBeGreaterThan(0.9);
    expect((out[5]! + out[6]!) / 2).toBeCloseTo(0.5, 6);
  });

  it('pads a smaller volume with zeros on both sides, and crops the result', async () => {
    const seen: number[] = [];
    const out = await slidingWindow(
      ramp(3, 1, 1),
      (x) => {
        seen.push(...x.dataSync());
        return tf.clone(x);
      },
      { roiSize: [6, 1, 2] },
    );
    expect(seen).toEqual([0, 0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0]);
    expect([...out]).toEqual([1, 2, 3]);
  });

  it('predicts batches of windows, the last one smaller, and tells how far it is', async () => {
    const batches: number[] = [];
    const progress: string[] = [];
    await slidingWindow(
      ramp(7, 1, 1),
      (x) => {
        batches.push(x.shape[0]);
        return tf.clone(x);
      },
      {
        roiSize: [3, 1, 1],
        stride: 1,
        batchSize: 2,
        onProgress: (done, windows) => void progress.push(`${done}/${windows}`),
      },
    );
    expect(batches).toEqual([2, 2, 1]);
    expect(progress).toEqual(['2/5', '4/5', '5/5']);
  });

  it('holds two tensors at a time and leaves none, also when the network fails', async () => {
    const before = tf.memory().numTensors;
    let most = 0;
    const options = { roiSize: [2, 2, 2] as Triple, stride: 1 };
    await slidingWindow(
      ramp(5, 5, 5),
      async (x) => {
        most = Math.max(most, tf.memory().numTensors);
        return tf.clone(x);
      },
      options,
    );
    expect(most - before).toBe(1);
    const failing = slidingWindow(ramp(5, 5, 5), () => Promise.reject(new Error('no')), options);
    await expect(failing).rejects.toThrow('no');
    await expect(slidingWindow(ramp(5, 5, 5), (x) => tf.sum(x), options)).rejects.toThrow(/got \[\]/);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names NaN, a wrong number of classes, and a volume of the wrong shape', async () => {
    const options = { roiSize: [2, 2, 2] as Triple };
    await expect(slidingWindow(ramp(2, 2, 2), (x) => tf.fill(x.shape, Number.NaN), options)).rejects.toMatchObject({
      code: 'not-finite',
    });
    await expect(slidingWindow(ramp(2, 2, 2), identity, { ...options, classes: 2 })).rejects.toThrow(
      /expected probabilities \[1,2,2,2,2\], got \[1,2,2,2,1\]/,
    );
    await expect(slidingWindow({ data: new Float32Array(7), shape: [2, 2, 2] }, identity, options)).rejects.toThrow(
      /\[2,2,2\] with 7 values/,
    );
    await expect(slidingWindow(ramp(2, 2, 2), identity, { ...options, batchSize: 0 })).rejects.toThrow(/batchSize/);
    await expect(slidingWindow(ramp(2, 2, 2), identity, { ...options, mode: 'mean' as 'constant' })).rejects.toThrow(
      /mode/,
    );
  });

  it('stops when asked to', async () => {
    const control = new AbortController();
    const promise = slidingWindow(
      ramp(5, 5, 5),
      (x) => {
        control.abort();
        return tf.clone(x);
      },
      { roiSize: 2, signal: control.signal },
    );
    await expect(promise).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('mostProbable', () => {
  it('is the class of the largest probability, the first of equals', () => {
    expect([...mostProbable([0.1, 0.7, 0.2, 0.4, 0.2, 0.4, 0, 0, 1], 3)]).toEqual([1, 0, 2]);
    expect(() => mostProbable([1, 2, 3], 2)).toThrow(/2 classes/);
  });
});
