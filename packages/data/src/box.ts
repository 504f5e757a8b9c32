import type { Triple } from '@crln/core';
import type { VoxelArray } from './volume.js';

/** A box of voxels. */
export interface Box {
  /** Its first voxel. */
  readonly start: Triple;
  /** Its sides, in voxels. */
  readonly size: Triple;
}

/** Copies the voxels of a box from one array of `shape` to the same place in another. */
export function pasteBox<T extends VoxelArray>(to: T, from: T, shape: Triple, { start, size }: Box): void {
  for (let i = start[0]; i < start[0] + size[0]; i++) {
    for (let j = start[1]; j < start[1] + size[1]; j++) {
      const at = (i * shape[1] + j) * shape[2] + start[2];
      to.set(from.subarray(at, at + size[2]), at);
    }
  }
}

/** The smallest box that holds every value above 0, or null where there is none. */
export function boundingBox(data: VoxelArray, shape: Triple): Box | null {
  const low: Triple = [...shape];
  const high: Triple = [-1, -1, -1];
  let at = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++) {
        if (!(data[at++]! > 0)) continue;
        if (i < low[0]) low[0] = i;
        if (i > high[0]) high[0] = i;
        if (j < low[1]) low[1] = j;
        if (j > high[1]) high[1] = j;
        if (k < low[2]) low[2] = k;
        if (k > high[2]) high[2] = k;
      }
    }
  }
  return high[0] < 0 ? null : { start: low, size: high.map((last, axis) => last - low[axis]! + 1) as Triple };
}
