import { CrlnError } from '@crln/core';
import { type Box, boundingBox } from '../box.js';
import type { Volume } from '../volume.js';

/**
 * The box of everything that is not 0.
 *
 * @throws `CrlnError` `invalid-data` where there is nothing
 */
export function filledBox({ data, shape }: Volume, name: string): Box {
  const filled = new Uint8Array(data.length);
  for (let n = 0; n < data.length; n++) if (data[n] !== 0) filled[n] = 1;
  const box = boundingBox(filled, shape);
  if (box) return box;
  throw new CrlnError('invalid-data', `${name}: all of its voxels are 0; there is nothing to crop to`, { name });
}

/**
 * One axis of a crop as the field's preprocessing has it: from the first labelled voxel by a margin and half of what a patch lacks on each
 * side, within 0 … n.
 *
 * The reference counts from the last labelled voxel, not from behind it, and so comes out one voxel short; the published files have
 * this, and so has this function.
 *
 * @returns the first voxel, and how many
 */
export function marginRange(
  { start, size }: Box,
  axis: 0 | 1,
  n: number,
  patch: number,
  [before, after]: readonly [number, number],
): [start: number, size: number] {
  const first = start[axis];
  const last = first + size[axis] - 1;
  const lacking = Math.floor(Math.max(patch - (last - first), 0) / 2);
  const from = Math.max(first - before - lacking, 0);
  return [from, Math.min(last + after + lacking, n) - from];
}
