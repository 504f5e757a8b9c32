import type { Triple } from '@crln/core';

/** A 4×4 matrix, row by row: voxel index (i, j, k, 1) → RAS position (x, y, z, 1) in mm. */
export type Affine = readonly number[];

/** Σ_m a[row, m]·b[m, column], of two 4×4 matrices. */
export function multiplyAffines(a: Affine, b: Affine): number[] {
  const out: number[] = [];
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      let sum = 0;
      for (let m = 0; m < 4; m++) sum += a[row * 4 + m]! * b[m * 4 + column]!;
      out.push(sum);
    }
  }
  return out;
}

/** Where a voxel index (also a fractional one) lies, in RAS mm. */
export function voxelToWorld(affine: Affine, index: readonly number[]): Triple {
  return [0, 1, 2].map(
    (row) =>
      affine[row * 4]! * index[0]! +
      affine[row * 4 + 1]! * index[1]! +
      affine[row * 4 + 2]! * index[2]! +
      affine[row * 4 + 3]!,
  ) as Triple;
}

/** The world direction of voxel axis `axis`, times its spacing. */
export const affineColumn = (affine: Affine, axis: number): Triple => [
  affine[axis]!,
  affine[4 + axis]!,
  affine[8 + axis]!,
];

/** Distance between voxel centres along each axis: the norms of the affine's first three columns. */
export const affineSpacing = (affine: Affine): Triple =>
  [0, 1, 2].map((axis) => Math.hypot(...affineColumn(affine, axis))) as Triple;

/**
 * Spacing of a file that says it beside its matrix. What it says is the number a person typed; the matrix carries its rounding. They
 * differ only in odd files: the matrix then wins, axis by axis.
 */
export const storedSpacing = (said: Triple | undefined, measured: Triple): Triple =>
  measured.map((mm, axis) => {
    const own = said?.[axis];
    return own !== undefined && Math.abs(own - mm) <= 1e-3 * mm ? own : mm;
  }) as Triple;

/** Determinant of the 3×3 part: signed volume of a voxel in mm³. */
export function affineDeterminant(affine: Affine): number {
  const [a, b, c] = [0, 1, 2].map((axis) => affineColumn(affine, axis)) as [Triple, Triple, Triple];
  return a[0] * (b[1] * c[2] - c[1] * b[2]) - b[0] * (a[1] * c[2] - c[1] * a[2]) + c[0] * (a[1] * b[2] - b[1] * a[2]);
}

/** A diagonal affine with voxel (0, 0, 0) at the origin: what a file without a position has. */
export const spacingAffine = (spacing: Triple): number[] => [
  ...[spacing[0], 0, 0, 0],
  ...[0, spacing[1], 0, 0],
  ...[0, 0, spacing[2], 0],
  ...[0, 0, 0, 1],
];
