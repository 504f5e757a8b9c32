import { CrlnError, type Triple } from '@crln/core';

/** What an affine transform does to the content of a volume. */
export interface AffineGeometry {
  /** Degrees about axes 0, 1, 2. */
  readonly rotation: Triple;
  /** Factors along axes 0, 1, 2: above 1, the content grows. */
  readonly scale: Triple;
  /** How far axis 0 moves by axis 1, axis 0 by axis 2, and axis 1 by axis 2, each per unit. */
  readonly shear: Triple;
  /** Voxels by which the content moves along axes 0, 1, 2. */
  readonly translation: Triple;
  /** Of the voxels, in any one unit: a rotation turns millimetres, not voxels. */
  readonly spacing: Triple;
}

/** A 3×3 matrix, row by row. */
type Matrix = readonly number[];

const product = (a: Matrix, b: Matrix): number[] =>
  Array.from({ length: 9 }, (_, n) => {
    const row = 3 * Math.floor(n / 3);
    const column = n % 3;
    return a[row]! * b[column]! + a[row + 1]! * b[3 + column]! + a[row + 2]! * b[6 + column]!;
  });

/** No volume is so large; beyond, positions would lose the place between voxels, or be infinite. */
const MOST = 2 ** 40;

/** Cosine and sine of degrees, exact at quarter turns. */
function turn(degrees: number): [number, number] {
  const quarter = ((degrees % 360) + 360) % 360;
  if (quarter % 90 === 0) return [[1, 0, -1, 0][quarter / 90]!, [0, 1, 0, -1][quarter / 90]!];
  const angle = (quarter * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle)];
}

/** Rotation about an axis: from the next axis towards the one after. */
function rotation(axis: number, degrees: number): Matrix {
  const [cosine, sine] = turn(degrees);
  const matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const a = (axis + 1) % 3;
  const b = (axis + 2) % 3;
  matrix[3 * a + a] = cosine;
  matrix[3 * b + b] = cosine;
  matrix[3 * a + b] = -sine;
  matrix[3 * b + a] = sine;
  return matrix;
}

function inverse(m: Matrix): number[] {
  const minor = (r: number, c: number): number => {
    const [r1, r2, c1, c2] = [(r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3] as const;
    return m[3 * r1 + c1]! * m[3 * r2 + c2]! - m[3 * r1 + c2]! * m[3 * r2 + c1]!;
  };
  const determinant = m[0]! * minor(0, 0) + m[1]! * minor(0, 1) + m[2]! * minor(0, 2);
  return Array.from({ length: 9 }, (_, n) => minor(n % 3, Math.floor(n / 3)) / determinant);
}

/**
 * The 3×4 matrix, row by row, that takes a voxel of the output to the position in the input that it shows: the inverse of what
 * `applyAffine` states.
 *
 * @throws `CrlnError` `invalid-option` where that is beyond all volumes, as by a scale of 1e-300
 */
export function affineMap(shape: Triple, record: AffineGeometry): number[] {
  const { rotation: angles, scale, shear, translation, spacing } = record;
  const turned = angles.map((degrees, axis) => rotation(axis, degrees));
  const sheared = [1, shear[0], shear[1], 0, 1, shear[2], 0, 0, 1];
  const scaled = [scale[0], 0, 0, 0, scale[1], 0, 0, 0, scale[2]];
  const millimetres = product(product(product(turned[0]!, turned[1]!), turned[2]!), product(sheared, scaled));
  const voxels = inverse(millimetres).map((x, n) => (x * spacing[n % 3]!) / spacing[Math.floor(n / 3)]!);
  const centre = shape.map((n) => (n - 1) / 2);
  const matrix = [0, 3, 6].flatMap((row, axis) => {
    const line = voxels.slice(row, row + 3);
    const moved = line.reduce((sum, x, b) => sum + x * (centre[b]! + translation[b]!), 0);
    return [...line, centre[axis]! - moved];
  });
  if (matrix.every((x) => Math.abs(x) < MOST)) return matrix;
  throw new CrlnError(
    'invalid-option',
    `affine record: scale [${scale}], shear [${shear}] and translation [${translation}] lead more than 2⁴⁰ voxels away`,
    { scale, shear, translation },
  );
}

export const isIdentity = (matrix: readonly number[]): boolean => matrix.every((x, n) => x === (n % 5 === 0 ? 1 : 0));
