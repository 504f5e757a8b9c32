import { CrlnError, type Triple } from '@crln/core';
import type { FramePlace } from './frames.js';
import type { DicomImage } from './image.js';

/** One slice of a series: a frame of a file, and the range of its stored numbers. */
export interface Slice {
  readonly image: DicomImage;
  /** Which of the given files. */
  readonly file: number;
  readonly frame: number;
  readonly place: FramePlace;
  readonly range: readonly [number, number];
}

/** Slices in order along their normal. */
export interface Stack {
  readonly slices: readonly Slice[];
  /** From one slice to the next, mm, in patient coordinates (LPS). */
  readonly step: Triple;
  readonly notes: readonly string[];
}

/** Slices may lie this part of their distance off an even grid, or this many mm, but never a tenth: what rounding of positions makes. */
const EVEN = 0.01;
const EVEN_MM = 0.01;
/** Directions and pixel sizes that differ by less are the same, rounded; so are positions, in pixels. */
const SAME = 1e-3;

const dot = (a: Triple, b: Triple): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Triple, b: Triple): Triple => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const mm = (value: number): string => `${Number(value.toFixed(3))} mm`;

/** Positions nearer than this (mm) are the same. */
const sameDistance = ({ place }: Slice): number => SAME * Math.min(...place.pixelSpacing);
const samePlace = (a: Slice, b: Slice): boolean =>
  Math.hypot(...minus(a.place.position, b.place.position)) <= sameDistance(b);

/** Name of a slice in messages. */
const sliceName = ({ image, frame }: Slice): string =>
  image.places.length > 1 ? `${image.name} (frame ${frame + 1})` : image.name;

const refuse = (name: string, reason: string, fields: Record<string, unknown> = {}): CrlnError =>
  new CrlnError('invalid-data', `${name}: ${reason}`, { name, ...fields });

/** Unit vector along which slices are stacked: row direction × column direction. */
export function normalOf([x, y]: FramePlace['orientation']): Triple {
  const n: Triple = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  const length = Math.hypot(...n);
  return n.map((value) => value / length) as Triple;
}

/** @throws `CrlnError` `invalid-data` naming the first slice that is not of the same grid as the first one */
function assertAlike(slices: readonly Slice[]): void {
  const first = slices[0]!;
  const grid = ({ image, place }: Slice): [what: string, values: number[], tolerance: number][] => [
    ['Rows × Columns', [image.layout!.rows, image.layout!.columns], 0],
    ['PixelSpacing', [...place.pixelSpacing], SAME * Math.min(...place.pixelSpacing)],
    ['ImageOrientationPatient', place.orientation.flat(), SAME],
  ];
  const expected = grid(first);
  for (const slice of slices) {
    for (const [n, [what, values, tolerance]] of grid(slice).entries()) {
      const [, wanted] = expected[n]!;
      if (values.every((value, at) => Math.abs(value - wanted[at]!) <= tolerance)) continue;
      throw refuse(
        sliceName(slice),
        `its ${what} is [${values}], but that of ${sliceName(first)} in the same series is [${wanted}]; the slices of a volume must be alike: leave out those of the other kind`,
        { first: sliceName(first), what, values, expected: wanted },
      );
    }
  }
}

/** One slice a position. `same` compares the pixels of two. */
async function withoutDuplicates(
  sorted: readonly Slice[],
  same: (a: Slice, b: Slice) => Promise<boolean>,
): Promise<{ slices: Slice[]; dropped: Slice[] }> {
  const slices: Slice[] = [];
  const dropped: Slice[] = [];
  for (const slice of sorted) {
    const last = slices.at(-1);
    if (!last || !samePlace(slice, last)) {
      slices.push(slice);
    } else if (await same(last, slice)) dropped.push(slice);
    else {
      const { position } = last.place;
      const many = sorted.filter((other) => samePlace(other, last)).length;
      throw refuse(
        sliceName(slice),
        `it lies where ${sliceName(last)} lies, at (${position.join(', ')}) mm, with other pixels; ${
          many > 2
            ? `${many} slices lie there: the series has several volumes (time points, echoes, phases), split it`
            : 'leave one of them out'
        }`,
        { other: sliceName(last), position },
      );
    }
  }
  return { slices, dropped };
}

/** @throws `CrlnError` `invalid-data` where slices are missing or unevenly spaced */
function evenStep(slices: readonly Slice[], heights: readonly number[], name: string): Triple {
  const n = slices.length;
  const first = slices[0]!.place.position;
  const step = minus(slices[n - 1]!.place.position, first).map((value) => value / (n - 1)) as Triple;
  const gaps = heights.slice(1).map((height, k) => height - heights[k]!);
  // Of an even number of gaps the smaller middle one, so that one hole among three slices is seen as a hole.
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)]!;
  if (usual <= sameDistance(slices[0]!)) {
    const k = gaps.indexOf(usual);
    throw refuse(
      sliceName(slices[k + 1]!),
      `it lies in the same plane as ${sliceName(slices[k]!)}, beside it; a volume has one slice a plane: leave out those of the other kind`,
    );
  }
  const tolerance = Math.max(EVEN * usual, Math.min(EVEN_MM, usual / 10));
  const odd = gaps.flatMap((gap, k) => (Math.abs(gap - usual) > 2 * tolerance ? [k] : []));
  const between = (k: number): string =>
    `between ${mm(heights[k]!)} (${sliceName(slices[k]!)}) and ${mm(heights[k + 1]!)} (${sliceName(slices[k + 1]!)})`;
  const holes = odd.map((k) => ({ k, missing: Math.round(gaps[k]! / usual) - 1 }));
  const more = odd.length > 5 ? `, and at ${odd.length - 5} more places` : '';
  if (
    odd.length > 0 &&
    holes.every(({ k, missing }) => missing >= 1 && Math.abs(gaps[k]! / usual - missing - 1) <= 0.1)
  ) {
    const missing = holes.reduce((sum, hole) => sum + hole.missing, 0);
    const where = holes.slice(0, 5).map((hole) => `${hole.missing} ${between(hole.k)}`);
    throw refuse(
      name,
      `${missing} slice${missing === 1 ? ' is' : 's are'} missing: ${where.join(', ')}${more} along the normal, where slices lie ${mm(usual)} apart; find the missing files, or leave out those beyond the hole`,
      {
        missing,
        holes: holes.map((hole) => ({ missing: hole.missing, from: heights[hole.k], to: heights[hole.k + 1] })),
      },
    );
  }
  if (odd.length > 0) {
    const where = odd.slice(0, 5).map((k) => `${mm(gaps[k]!)} ${between(k)}`);
    throw refuse(
      name,
      `the slices are unevenly spaced: ${mm(usual)} apart, but ${where.join(', ')}${more}; a volume needs even spacing: leave out what does not belong, or resample the series`,
      { usual, gaps },
    );
  }
  for (const [k, slice] of slices.entries()) {
    const off = Math.hypot(
      ...minus(slice.place.position, first.map((value, axis) => value + k * step[axis]!) as Triple),
    );
    if (off <= 2 * tolerance) continue;
    throw refuse(
      sliceName(slice),
      `it lies ${mm(off)} off the straight, even line from ${sliceName(slices[0]!)} to ${sliceName(slices[n - 1]!)}; a volume needs slices ${mm(usual)} apart, moved sideways evenly if at all`,
      { off, position: slice.place.position },
    );
  }
  return step;
}

/**
 * Slices by their position along the normal, whatever their names and numbers say; each position once.
 *
 * @param same - whether two slices have the same values
 * @throws `CrlnError` `invalid-data` for slices of different grids, missing or unevenly spaced ones, two different ones at one place
 */
export async function stack(
  given: readonly Slice[],
  name: string,
  same: (a: Slice, b: Slice) => Promise<boolean>,
): Promise<Stack> {
  assertAlike(given);
  const { orientation, thickness } = given[0]!.place;
  const normal = normalOf(orientation);
  const height = (slice: Slice): number => dot(slice.place.position, normal);
  const sorted = given
    .map((slice, n) => ({ slice, n, height: height(slice) }))
    .sort((a, b) => a.height - b.height || a.n - b.n)
    .map(({ slice }) => slice);
  const { slices, dropped } = await withoutDuplicates(sorted, same);
  const notes: string[] = [];
  if (dropped.length > 0) {
    const names = dropped.slice(0, 3).map(sliceName).join(', ');
    notes.push(
      `${dropped.length} slice${dropped.length === 1 ? '' : 's'} given twice, with the same pixels, kept once: ${names}${dropped.length > 3 ? ', …' : ''}`,
    );
  }
  if (slices.length === 1) {
    notes.push(
      `one slice only: ${thickness === undefined ? 'its thickness is not known and taken as 1 mm' : `its thickness of ${thickness} mm stands for the spacing of slices`}`,
    );
    return { slices, step: normal.map((value) => value * (thickness ?? 1)) as Triple, notes };
  }
  const step = evenStep(slices, slices.map(height), name);
  const along = dot(step, normal);
  const sideways = Math.hypot(...minus(step, normal.map((value) => value * along) as Triple));
  if (sideways > EVEN * along) {
    notes.push(
      `the stack is sheared (gantry tilt): each slice lies ${mm(sideways)} sideways of the one before; the affine says so`,
    );
  }
  return { slices, step, notes };
}
