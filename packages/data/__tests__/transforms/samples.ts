import { stream, type Triple } from '@crln/core';
import fc from 'fast-check';
import type { Sample } from '../../src/index.js';

const side = fc.integer({ min: 1, max: 7 });
export const shapes = fc.tuple(side, side, side);

/** Noise, and a label of classes 0 to 3. */
export function sampleOf(shape: Triple, seed = 0): Sample {
  const voxels = shape[0] * shape[1] * shape[2];
  const rng = stream(seed, 'test/sample');
  return { image: rng.normals(voxels), label: Uint8Array.from({ length: voxels }, () => rng.integer(4)), shape };
}
