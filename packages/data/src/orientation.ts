import { CrlnError, type Triple } from '@crln/core';
import type { Affine } from './affine.js';
import { affineColumn, multiplyAffines } from './affine.js';
import type { Volume, VoxelArray } from './volume.js';

/** How an array's axes are rearranged: output axis a runs along input axis `axes[a]`, backwards where `flips[a]`. */
export interface Reorientation {
  readonly axes: Triple;
  readonly flips: readonly [boolean, boolean, boolean];
}

const ORDERS: readonly Triple[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];
/** Letters of the positive and negative direction of world axes x, y, z. */
const LETTERS = ['RL', 'AP', 'SI'] as const;

/**
 * The world direction that each voxel axis is nearest to, such as `'RAS'` or `'LPI'` (R: the index grows to the right). On an oblique
 * grid the three axes take the assignment with the largest product of cosines, so that no two share a direction.
 */
export function axisCodes(affine: Affine): string {
  const columns = [0, 1, 2].map((axis) => {
    const column = affineColumn(affine, axis);
    const length = Math.hypot(...column);
    return column.map((value) => value / length);
  });
  const fit = (order: Triple): number =>
    order.reduce((product, world, axis) => product * Math.abs(columns[axis]![world]!), 1);
  const best = ORDERS.reduce((a, b) => (fit(b) > fit(a) ? b : a));
  return best.map((world, axis) => LETTERS[world]![columns[axis]![world]! < 0 ? 1 : 0]).join('');
}

/** @throws `CrlnError` `invalid-option` where `code` does not name each of R/L, A/P, S/I once */
export function reorientation(affine: Affine, code: string): Reorientation {
  const from = axisCodes(affine);
  const world = (letter: string): number => LETTERS.findIndex((pair) => pair.includes(letter));
  if (code.length !== 3 || new Set([...code].map(world)).size !== 3 || [...code].some((letter) => world(letter) < 0)) {
    throw new CrlnError(
      'invalid-option',
      `orientation: expected three letters such as 'RAS', one each of R/L, A/P and S/I, got '${code}'`,
      { code },
    );
  }
  const axes = [...code].map((letter) => [...from].findIndex((own) => world(own) === world(letter))) as Triple;
  const flips = axes.map((axis, a) => from[axis] !== code[a]) as [boolean, boolean, boolean];
  return { axes, flips };
}

/** The rearrangement that undoes another. */
export function inverseReorientation({ axes, flips }: Reorientation): Reorientation {
  const back = [0, 1, 2].map((axis) => axes.indexOf(axis)) as Triple;
  return { axes: back, flips: back.map((a) => flips[a]) as [boolean, boolean, boolean] };
}

/** The voxels of an array [n0, n1, n2, channels] with its axes rearranged; a copy. */
export function rearrange<T extends VoxelArray>(
  from: T,
  shape: Triple,
  { axes, flips }: Reorientation,
  channels = 1,
): T {
  const strides: Triple = [shape[1] * shape[2] * channels, shape[2] * channels, channels];
  const size = axes.map((axis) => shape[axis]) as Triple;
  const step = axes.map((axis, a) => (flips[a] ? -strides[axis]! : strides[axis]!)) as Triple;
  const start = axes.reduce((sum, axis, a) => sum + (flips[a] ? (size[a]! - 1) * strides[axis]! : 0), 0);
  const data = from.slice() as T;
  let at = 0;
  for (let i = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      let source = start + i * step[0] + j * step[1];
      for (let k = 0; k < size[2]; k++, source += step[2]) {
        for (let c = 0; c < channels; c++) data[at++] = from[source + c]!;
      }
    }
  }
  return data;
}

const isIdentity = ({ axes, flips }: Reorientation): boolean => axes.every((axis, a) => axis === a && !flips[a]);

/** The rearrangement that does one and then another. */
const composed = (first: Reorientation, then: Reorientation): Reorientation => ({
  axes: then.axes.map((axis) => first.axes[axis]) as Triple,
  flips: then.axes.map((axis, a) => first.flips[axis] !== then.flips[a]) as [boolean, boolean, boolean],
});

/** What an affine was before its axes were rearranged: one that goes back gets that again, not what rounding leaves of it. */
const origins = new WeakMap<Affine, { affine: Affine; turn: Reorientation }>();

/** The affine of a grid of `shape` (after the turn) whose axes were rearranged, by what it was at first. */
function turnedAffine(affine: Affine, shape: Triple, turn: Reorientation): Affine {
  const before = origins.get(affine);
  const first = before?.affine ?? affine;
  const whole = before ? composed(before.turn, turn) : turn;
  if (isIdentity(whole)) return first;
  const move = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  for (const [a, axis] of whole.axes.entries()) {
    move[axis * 4 + a] = whole.flips[a] ? -1 : 1;
    if (whole.flips[a]) move[axis * 4 + 3] = shape[a]! - 1;
  }
  const turned = multiplyAffines(first, move);
  origins.set(turned, { affine: first, turn: whole });
  return turned;
}

/**
 * Rearranges the axes of a volume; every voxel stays where it is in the world. One that is turned and turned back has its affine again,
 * bit for bit.
 */
export function applyReorientation(v: Volume, turn: Reorientation): Volume {
  const { axes } = turn;
  if (isIdentity(turn)) return v;
  const size = axes.map((axis) => v.shape[axis]) as Triple;
  const data = rearrange(v.data, v.shape, turn, v.channels);
  // Which axis was scanned in what order is no longer said right.
  const header =
    v.header?.format === 'nifti'
      ? { ...v.header, dimInfo: 0, sliceCode: 0, sliceStart: 0, sliceEnd: 0, sliceDuration: 0 }
      : v.header;
  return {
    ...v,
    ...(header ? { header } : {}),
    data,
    shape: size,
    spacing: axes.map((axis) => v.spacing[axis]) as Triple,
    affine: turnedAffine(v.affine, size, turn),
  };
}

/** The volume with its axes in the order and direction of `code`: `'RAS'` grows to the right, the front and the top. */
export const reorient = (v: Volume, code = 'RAS'): Volume => applyReorientation(v, reorientation(v.affine, code));
