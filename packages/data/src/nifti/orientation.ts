import { CrlnError, type Triple } from '@crln/core';
import { type Affine, affineColumn, affineDeterminant, affineSpacing, storedSpacing } from '../affine.js';
import type { NiftiHeader } from './header.js';

/** Spatial part of `xyzt_units` in mm. 0 (unknown) is taken as mm, as every reader does. */
const UNIT_MM: Readonly<Record<number, number>> = { 1: 1000, 3: 0.001 };
const unitOf = (header: NiftiHeader): number => UNIT_MM[header.xyztUnits & 7] ?? 1;

/** Voxel sizes in the header's own unit: 0 becomes 1 and a sign is dropped, as nifti_clib and nibabel do. */
const voxelSizes = (header: NiftiHeader): Triple =>
  [1, 2, 3].map(
    (axis) => Math.abs(header.pixdim[axis]!) || (Number.isNaN(header.pixdim[axis]) ? Number.NaN : 1),
  ) as Triple;

/** Rotation matrix of the unit quaternion (a, b, c, d), a ≥ 0 left out of the file, and scale (NIfTI-1 "method 2"). */
function qformAffine(header: NiftiHeader, name: string): number[] {
  let [b, c, d] = header.quatern as Triple;
  const rest = b * b + c * c + d * d;
  if (!(rest <= 1.001)) {
    throw new CrlnError('file-format', `${name}: the qform quaternion (${b}, ${c}, ${d}) is longer than 1`, { name });
  }
  let a = Math.sqrt(Math.max(1 - rest, 0));
  if (1 - rest < 1e-7) {
    // Half a turn: rounding may have pushed the length past 1.
    const length = Math.sqrt(rest);
    [a, b, c, d] = [0, b / length, c / length, d / length];
  }
  const [x, y, z] = voxelSizes(header);
  // qfac: a left-handed voxel grid has its third axis turned.
  const k = header.pixdim[0]! < 0 ? -z : z;
  const [tx, ty, tz] = header.qoffset as Triple;
  return [
    ...[(a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * k, tx],
    ...[2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * k, ty],
    ...[2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - b * b - c * c) * k, tz],
    ...[0, 0, 0, 1],
  ];
}

/**
 * Affine and spacing in mm: sform where its code is set, else qform, else the centred grid with x towards the left that
 * nibabel and SPM assume of files that say nothing.
 */
export function niftiGrid(header: NiftiHeader, name: string): { affine: number[]; spacing: Triple } {
  const sizes = voxelSizes(header);
  let affine: number[];
  if (header.sformCode > 0) affine = [...header.srow, 0, 0, 0, 1];
  else if (header.qformCode > 0) affine = qformAffine(header, name);
  else {
    const [x, y, z] = sizes;
    const [cx, cy, cz] = [1, 2, 3].map((axis) => (header.dim[axis]! - 1) / 2) as Triple;
    affine = [-x, 0, 0, cx * x, 0, y, 0, -cy * y, 0, 0, z, -cz * z, 0, 0, 0, 1];
  }
  const unit = unitOf(header);
  if (unit !== 1) affine = affine.map((value, n) => (n < 12 ? value * unit : value));
  const measured = affineSpacing(affine);
  const cell = measured[0] * measured[1] * measured[2];
  if (!affine.every(Number.isFinite) || !(Math.abs(affineDeterminant(affine)) > 1e-6 * cell)) {
    const form = header.sformCode > 0 ? 'sform' : header.qformCode > 0 ? 'qform' : 'pixdim';
    throw new CrlnError(
      'file-format',
      `${name}: its ${form} gives no usable voxel-to-world matrix: [${affine.slice(0, 12).join(', ')}]; it must be finite and invertible`,
      { name, affine },
    );
  }
  const spacing = storedSpacing(sizes.map((size) => size * unit) as Triple, measured);
  return { affine, spacing };
}

/** Quaternion (b, c, d) and qfac of an affine's rotation; undefined where its axes are not at right angles (no qform can say it). */
export function quaternionOf(affine: Affine): { quatern: Triple; qfac: 1 | -1 } | undefined {
  const qfac = affineDeterminant(affine) < 0 ? -1 : 1;
  const columns = [0, 1, 2].map((axis) => {
    const column = affineColumn(affine, axis);
    const length = Math.hypot(...column) * (axis === 2 ? qfac : 1);
    return column.map((value) => value / length);
  });
  const r = (row: number, column: number): number => columns[column]![row]!;
  for (const [p, q] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    if (Math.abs(r(0, p) * r(0, q) + r(1, p) * r(1, q) + r(2, p) * r(2, q)) > 1e-5) return undefined;
  }
  // Shepperd's method: divide by the largest of a, b, c, d.
  const trace = r(0, 0) + r(1, 1) + r(2, 2);
  const squares = [1 + trace, 1 + 2 * r(0, 0) - trace, 1 + 2 * r(1, 1) - trace, 1 + 2 * r(2, 2) - trace];
  const largest = squares.indexOf(Math.max(...squares));
  const root = Math.sqrt(squares[largest]!);
  const cross = [r(2, 1) - r(1, 2), r(0, 2) - r(2, 0), r(1, 0) - r(0, 1)];
  const q = [0, 0, 0, 0];
  q[largest] = root / 2;
  for (let n = 0; n < 4; n++) {
    if (n === largest) continue;
    const numerator =
      largest === 0 ? cross[n - 1]! : n === 0 ? cross[largest - 1]! : r(n - 1, largest - 1) + r(largest - 1, n - 1);
    q[n] = numerator / (2 * root);
  }
  const sign = q[0]! < 0 ? -1 : 1;
  return { quatern: [q[1]! * sign, q[2]! * sign, q[3]! * sign], qfac };
}
