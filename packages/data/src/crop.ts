import { CrlnError } from '@crln/core';
import { multiplyAffines } from './affine.js';
import type { Box } from './box.js';
import type { Volume, VoxelArray } from './volume.js';

/** The part of a volume in a box; every voxel stays where it is in the world. @throws `invalid-argument` for a box that leaves it */
export function cropVolume(v: Volume, { start, size }: Box): Volume {
  const { shape, channels } = v;
  if (!shape.every((n, axis) => start[axis]! >= 0 && size[axis]! >= 1 && start[axis]! + size[axis]! <= n)) {
    throw new CrlnError(
      'invalid-argument',
      `${v.source ?? 'volume'}: a box of [${size}] from [${start}] does not lie in its shape [${shape}]`,
      { start, size, shape },
    );
  }
  const Voxels = v.data.constructor as new (length: number) => VoxelArray;
  const data = new Voxels(size[0] * size[1] * size[2] * channels);
  const row = size[2] * channels;
  for (let i = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      const from = (((start[0] + i) * shape[1] + start[1] + j) * shape[2] + start[2]) * channels;
      data.set(v.data.subarray(from, from + row), (i * size[1] + j) * row);
    }
  }
  const move = [1, 0, 0, start[0], 0, 1, 0, start[1], 0, 0, 1, start[2], 0, 0, 0, 1];
  return { ...v, data, shape: size, affine: multiplyAffines(v.affine, move) };
}
