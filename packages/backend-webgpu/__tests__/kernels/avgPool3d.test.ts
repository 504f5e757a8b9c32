import type { Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { it } from 'vitest';
import { describeGpu, expectClose, normals, runOurs, sizeOf } from '../harness.js';

interface Case {
  input: Triple;
  channels: number;
  filterSize: Triple;
  strides: Triple;
  pad: 'same' | 'valid';
}

/** Forward and backward in float64, voxel by voxel of each window. */
function reference(
  { input, channels, filterSize, strides, pad }: Case,
  x: Float32Array,
  dyOf: (size: number) => Float32Array,
) {
  const before = input.map((n, a) =>
    pad === 'valid' ? 0 : ((Math.ceil(n / strides[a]!) - 1) * strides[a]! + filterSize[a]! - n) >> 1,
  );
  const counts = input.map((n, a) =>
    pad === 'valid' ? Math.floor((n - filterSize[a]!) / strides[a]!) + 1 : Math.ceil(n / strides[a]!),
  );
  const [D, H, W] = input;
  const [d, h, w] = counts as Triple;
  const y = new Float64Array(2 * d * h * w * channels);
  const dy = dyOf(y.length);
  const dx = new Float64Array(x.length);
  for (let i = 0; i < y.length; i++) {
    const c = i % channels;
    const v = Math.floor(i / channels);
    const window = [Math.floor(v / (h * w)) % d, Math.floor(v / w) % h, v % w];
    const range = window.map((place, a) => {
      const corner = place * strides[a]! - before[a]!;
      return [Math.max(corner, 0), Math.min(corner + filterSize[a]!, input[a]!)] as const;
    });
    const seen: number[] = [];
    for (let p = range[0]![0]; p < range[0]![1]; p++)
      for (let q = range[1]![0]; q < range[1]![1]; q++)
        for (let r = range[2]![0]; r < range[2]![1]; r++)
          seen.push((((Math.floor(v / (d * h * w)) * D + p) * H + q) * W + r) * channels + c);
    for (const at of seen) {
      y[i]! += x[at]! / seen.length;
      dx[at]! += dy[i]! / seen.length;
    }
  }
  return { y, dy, dx, pooled: [2, d, h, w, channels] };
}

async function expectPooling(test: Case) {
  const { input, channels, ...rest } = test;
  const shape = [2, ...input, channels];
  const x = normals(sizeOf(shape), 1);
  const { y, dy, dx, pooled } = reference(test, x, (size) => normals(size, 2));
  const attrs = { ...rest, dataFormat: 'NDHWC' };
  expectClose((await runOurs('AvgPool3D', { x: tf.tensor(x, shape) }, attrs))[0]!, y);
  const inputs = { dy: tf.tensor(dy, pooled), input: tf.tensor(x, shape) };
  expectClose((await runOurs('AvgPool3DGrad', inputs, attrs))[0]!, dx);
}

describeGpu('AvgPool3D and AvgPool3DGrad', () => {
  const triples = (min: number, max: number) => {
    const one = fc.integer({ min, max });
    return fc.tuple(one, one, one);
  };

  it('take the mean of every window, which shares its gradient among what it sees', async () => {
    const cases = fc.record({
      input: triples(3, 6),
      channels: fc.constantFrom(1, 3, 5, 17, 64),
      filterSize: triples(1, 3),
      strides: triples(1, 3),
      pad: fc.constantFrom<Case['pad']>('same', 'valid'),
    });
    await fc.assert(fc.asyncProperty(cases, expectPooling), { numRuns: 20, seed: 3 });
  });

  it('do so over many workgroups', async () => {
    await expectPooling({ input: [21, 23, 25], channels: 5, filterSize: [3, 2, 3], strides: [2, 1, 2], pad: 'same' });
  });
});
