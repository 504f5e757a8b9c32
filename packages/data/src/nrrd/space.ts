import type { Triple } from '@crln/core';
import { type Affine, affineColumn, affineDeterminant, affineSpacing } from '../affine.js';
import { refuse } from '../refuse.js';
import { axisEntries } from './header.js';

/**
 * The worlds that a volume can lie in, and the signs that make their axes those of RAS. Two of them have no anatomy; they are taken as
 * LPS, as ITK and 3D Slicer take them.
 */
const SPACES: Readonly<Record<string, Triple>> = {
  'right-anterior-superior': [1, 1, 1],
  'left-anterior-superior': [-1, 1, 1],
  'left-posterior-superior': [-1, -1, 1],
  'scanner-xyz': [-1, -1, 1],
  '3d-right-handed': [-1, -1, 1],
};
const SHORT: Readonly<Record<string, string>> = {
  ras: 'right-anterior-superior',
  las: 'left-anterior-superior',
  lps: 'left-posterior-superior',
};

const UNIT_MM: Readonly<Record<string, number>> = {
  '': 1,
  mm: 1,
  millimeter: 1,
  millimeters: 1,
  cm: 10,
  m: 1000,
  um: 1e-3,
  µm: 1e-3,
  μm: 1e-3,
  micron: 1e-3,
  microns: 1e-3,
  nm: 1e-6,
};

type Fields = Readonly<Record<string, string>>;

/** A number as C prints it. NaN where it is none. */
export function numberOf(text: string): number {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  return infinite ? (infinite[1] === '-' ? -1 : 1) * Number.POSITIVE_INFINITY : Number.NaN;
}

/** A vector in brackets; undefined for `none`, and for one of nothing but NaN, which says the same. */
function vectorOf(text: string, field: string, name: string): Triple | undefined {
  if (/^none$/i.test(text)) return undefined;
  const parts = /^\(([^()]*)\)$/
    .exec(text)?.[1]
    ?.split(',')
    .map((part) => part.trim());
  if (parts?.every((part) => /^[+-]?nan$/i.test(part))) return undefined;
  const vector = parts?.map(numberOf);
  if (vector?.length !== 3 || !vector.every(Number.isFinite))
    throw refuse(name, `its ${field} has '${text.slice(0, 80)}'; expected three finite numbers as (x,y,z)`, { field });
  return vector as unknown as Triple;
}

function spaceOf(fields: Fields, name: string): Triple | undefined {
  const { space, 'space dimension': dimension } = fields;
  if (dimension !== undefined && dimension !== '3')
    throw refuse(name, `its space dimension is ${dimension}; a volume lies in a space of 3`);
  if (space === undefined) return dimension === undefined ? undefined : SPACES['3d-right-handed'];
  const known = spaceName(space);
  if (Object.hasOwn(SPACES, known)) return SPACES[known];
  const reason = /left-handed/.test(known)
    ? 'which does not say which of its axes to turn round'
    : /time$|^(ras|las|lps)t$/.test(known)
      ? 'which has a time axis: one volume at a time can be read'
      : 'which is not in the format';
  throw refuse(
    name,
    `its space is '${space}', ${reason}; expected left-posterior-superior, right-anterior-superior or left-anterior-superior`,
    { space },
  );
}

const spaceName = (space: string): string => SHORT[space.toLowerCase()] ?? space.toLowerCase();

/** mm a unit, of each axis of a field of quoted units. */
function unitsOf(fields: Fields, field: 'space units' | 'units', name: string): Triple {
  const text = fields[field];
  if (text === undefined) return [1, 1, 1];
  const entries = axisEntries('units', text).map((entry) => entry.replace(/^"|"$/g, ''));
  const factors = entries.map((entry) => (Object.hasOwn(UNIT_MM, entry) ? UNIT_MM[entry]! : Number.NaN));
  if (factors.length !== 3 || factors.some(Number.isNaN))
    throw refuse(name, `its ${field} are ${text}; expected three of "mm", "cm", "m", "um", "nm"`, { field });
  return factors as unknown as Triple;
}

/** Three numbers of a field, NaN for what the file leaves open. */
const threeOf = (fields: Fields, field: string, name: string): Triple | undefined => {
  const text = fields[field];
  if (text === undefined) return undefined;
  return axisEntries(field, text).map((entry) => {
    const value = numberOf(entry);
    if (Number.isNaN(value) && !/^[+-]?nan$/i.test(entry))
      throw refuse(name, `its ${field} are '${text.slice(0, 80)}'; '${entry.slice(0, 40)}' is no number`, { field });
    return value;
  }) as unknown as Triple;
};

/** Columns of the grid and its first voxel, by `spacings` or by `axis mins` and `axis maxs`, where there are no directions. */
function alongAxes(fields: Fields, shape: Triple, name: string): { columns: Triple[]; first: Triple; stored: boolean } {
  const centers = fields.centers === undefined ? [] : axisEntries('centers', fields.centers);
  const mins = threeOf(fields, 'axis mins', name);
  const maxs = threeOf(fields, 'axis maxs', name);
  // The format's own library takes samples to be cells where nobody says.
  const isNode = (axis: number): boolean => centers[axis] === 'node';
  const between = (axis: number): number =>
    (maxs![axis]! - mins![axis]!) / (isNode(axis) ? shape[axis]! - 1 : shape[axis]!);
  const given = threeOf(fields, 'spacings', name) ?? (mins && maxs && ([0, 1, 2].map(between) as Triple));
  const unknown = given === undefined || given.every(Number.isNaN);
  if (!unknown && !given.every((mm) => Number.isFinite(mm) && mm !== 0))
    throw refuse(name, `its spacings are ${given.join(' ')}; expected three finite numbers other than 0`);
  const units = unitsOf(fields, 'units', name);
  const steps = unknown ? [1, 1, 1] : units.map((mm, axis) => mm * given[axis]!);
  const columns = steps.map((mm, axis) => [0, 1, 2].map((row) => (row === axis ? mm : 0)) as Triple);
  const first = steps.map((mm, axis) => {
    const min = mins?.[axis];
    return min === undefined || !Number.isFinite(min) ? 0 : min * units[axis]! + (isNode(axis) ? 0 : mm / 2);
  }) as Triple;
  return { columns, first, stored: !unknown };
}

/** −0 would be written as 0. */
const signed = (sign: number, value: number): number => (value === 0 ? 0 : sign * value);

/**
 * Affine (voxel → RAS mm) and spacing of a header with three axes: `space directions` and `space origin`, else `spacings` (along the
 * world's axes), else 1 mm.
 */
export function nrrdGrid(
  fields: Fields,
  shape: Triple,
  name: string,
): { affine: number[]; spacing: Triple; stored: boolean } {
  const signs = spaceOf(fields, name);
  const directions = fields['space directions'];
  let columns: Triple[];
  let first: Triple;
  let stored = true;
  if (directions === undefined) ({ columns, first, stored } = alongAxes(fields, shape, name));
  else {
    if (!signs) throw refuse(name, "it has space directions, but no 'space' that they are in");
    columns = axisEntries('space directions', directions).map((text) => {
      const vector = vectorOf(text, 'space directions', name);
      if (!vector) throw refuse(name, `its space directions are '${directions}'; each axis must have one`);
      return vector;
    });
    first = [0, 0, 0];
  }
  const origin = fields['space origin'];
  if (signs && origin !== undefined) first = vectorOf(origin, 'space origin', name) ?? [0, 0, 0];
  // Spacings are in the units of their axes, directions in those of space.
  const mm = directions === undefined ? ([1, 1, 1] as Triple) : unitsOf(fields, 'space units', name);
  const affine = [0, 1, 2].flatMap((row) =>
    [...columns, first].map((vector) => signed(signs?.[row] ?? 1, vector[row]! * mm[row]!)),
  );
  affine.push(0, 0, 0, 1);
  const spacing = affineSpacing(affine);
  const cell = spacing[0] * spacing[1] * spacing[2];
  if (!affine.every(Number.isFinite) || !(Math.abs(affineDeterminant(affine)) > 1e-6 * cell)) {
    throw refuse(
      name,
      `its ${directions === undefined ? 'spacings' : 'space directions'} give no usable voxel-to-world matrix: [${affine.slice(0, 12).join(', ')}]; it must be finite and invertible`,
      { affine },
    );
  }
  return { affine, spacing, stored };
}

const vectorText = (vector: readonly number[]): string => `(${vector.join(',')})`;

/** The fields that place a grid: in the space that the header has already, else in LPS. Numbers keep all their digits. */
export function placedFields(own: Fields, affine: Affine): Record<string, string> {
  const named = own.space !== undefined || own['space dimension'] === undefined;
  const space = own.space === undefined ? 'left-posterior-superior' : spaceName(own.space);
  const signs = SPACES[named ? space : '3d-right-handed']!;
  const inSpace = (column: number): string =>
    vectorText(affineColumn(affine, column).map((value, row) => signed(signs[row]!, value)));
  return {
    ...(named ? { space } : { 'space dimension': '3' }),
    'space directions': [0, 1, 2].map(inSpace).join(' '),
    'space origin': inSpace(3),
  };
}
