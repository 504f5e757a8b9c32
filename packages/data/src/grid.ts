import { CrlnError } from '@crln/core';
import { voxelToWorld } from './affine.js';
import { hasSpacing, type Volume } from './volume.js';

/** Corners may lie this part of the smallest voxel side apart: what rounding of headers makes, not another position. */
const TOLERANCE = 0.1;

/**
 * An image and its label must be the same grid: shape, and position in the world to a tenth of a voxel at every corner. A file that does
 * not say how large its voxels are does not say where they lie either: then the shape decides.
 *
 * @throws `CrlnError` `invalid-data` naming both files and what differs
 */
export function assertSameGrid(image: Volume, label: Volume, id: string): void {
  const names = `${image.source ?? `image of ${id}`} and ${label.source ?? `label of ${id}`}`;
  if (image.shape.some((size, axis) => size !== label.shape[axis])) {
    throw new CrlnError(
      'invalid-data',
      `${names} have different shapes: [${image.shape}] and [${label.shape}]; a label must be drawn on its image`,
      { id, image: image.shape, label: label.shape },
    );
  }
  if (!hasSpacing(image) || !hasSpacing(label)) return;
  let apart = 0;
  for (let corner = 0; corner < 8; corner++) {
    const index = image.shape.map((size, axis) => (corner & (1 << axis) ? size - 1 : 0));
    const a = voxelToWorld(image.affine, index);
    const b = voxelToWorld(label.affine, index);
    apart = Math.max(apart, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
  }
  if (apart > TOLERANCE * Math.min(...image.spacing)) {
    throw new CrlnError(
      'invalid-data',
      `${names} lie apart by up to ${apart.toPrecision(3)} mm: their affines are [${image.affine.slice(0, 12).join(', ')}] and [${label.affine.slice(0, 12).join(', ')}]; a label must be drawn on its image`,
      { id, apart, image: image.affine, label: label.affine },
    );
  }
}
