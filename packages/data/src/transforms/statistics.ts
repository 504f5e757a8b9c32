import { CrlnError } from '@crln/core';
import { moments } from '../normalise.js';
import type { VoxelArray } from '../volume.js';

/** {@link moments} of an image that must be numbers all through. @throws `CrlnError` `not-finite`, `invalid-data` where the mask is empty */
export function finiteMoments(
  image: Float32Array,
  name: string,
  mask?: VoxelArray,
): { mean: number; deviation: number } {
  const { mean, deviation, count } = moments(image, mask);
  if (count === 0) {
    throw new CrlnError('invalid-data', `${name}: no voxel is above 0, so that there is nothing to take the mean of`, {
      name,
    });
  }
  if (!Number.isFinite(deviation)) {
    throw new CrlnError('not-finite', `${name}: the image has NaN or infinite voxels, or values beyond float32`, {
      name,
    });
  }
  return { mean, deviation };
}
