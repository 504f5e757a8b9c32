import type { Triple } from '@crln/core';
import { refuse } from '../refuse.js';
import type { DataSet } from './elements.js';
import { TAG, tagName } from './tags.js';
import { decimalsOf, itemOf } from './values.js';

/** Where one slice lies, and what its numbers mean. */
export interface FramePlace {
  /** Centre of the first pixel, in DICOM's patient coordinates (x to the left, y to the back, z to the head), mm. */
  readonly position: Triple;
  /** Unit vectors: of growing column index, then of growing row index. */
  readonly orientation: readonly [Triple, Triple];
  /** Distance of rows, then of columns, as PixelSpacing has them, mm. */
  readonly pixelSpacing: readonly [number, number];
  /** Thickness, or distance of slices as the header has it; for series of one slice. */
  readonly thickness?: number;
  readonly slope: number;
  readonly intercept: number;
}

/** Cosines in a header are rounded, to two digits at worst. */
const UNIT_TOLERANCE = 0.01;

/** Two directions as unit vectors at right angles. */
function directions(values: readonly number[], name: string): [Triple, Triple] {
  const along = values.slice(0, 3) as Triple;
  const down = values.slice(3, 6) as Triple;
  const lengths = [Math.hypot(...along), Math.hypot(...down)] as const;
  const dot = along[0] * down[0] + along[1] * down[1] + along[2] * down[2];
  if (lengths.some((length) => !(Math.abs(length - 1) <= UNIT_TOLERANCE)) || Math.abs(dot) > UNIT_TOLERANCE) {
    throw refuse(
      name,
      `${tagName(TAG.ImageOrientationPatient)} is [${values}]; expected two directions of length 1 at right angles`,
      { orientation: values },
    );
  }
  return [along.map((v) => v / lengths[0]) as Triple, down.map((v) => v / lengths[1]) as Triple];
}

/** Place of a frame by the first of these data sets that has each element. */
function placeOf(
  groups: { spacing: DataSet[]; orientation: DataSet[]; position: DataSet[]; values: DataSet[] },
  name: string,
): FramePlace {
  const find = (sets: DataSet[], tag: number, count: number): number[] | undefined => {
    for (const set of sets) {
      const values = decimalsOf(set, tag, count);
      if (values) return values;
    }
    return undefined;
  };
  const must = (sets: DataSet[], tag: number, count: number): number[] => {
    const values = find(sets, tag, count);
    if (!values)
      throw refuse(name, `${tagName(tag)} is missing: where the slice lies is not known`, { tag: tagName(tag) });
    return values;
  };
  const position = must(groups.position, TAG.ImagePositionPatient, 3) as Triple;
  const orientation = directions(must(groups.orientation, TAG.ImageOrientationPatient, 6), name);
  const pixelSpacing = must(groups.spacing, TAG.PixelSpacing, 2) as [number, number];
  if (!pixelSpacing.every((mm) => mm > 0)) {
    throw refuse(name, `${tagName(TAG.PixelSpacing)} is [${pixelSpacing}]; expected two positive numbers (mm)`, {
      pixelSpacing,
    });
  }
  const [slope] = find(groups.values, TAG.RescaleSlope, 1) ?? [1];
  const [intercept] = find(groups.values, TAG.RescaleIntercept, 1) ?? [0];
  if (slope === 0) throw refuse(name, `${tagName(TAG.RescaleSlope)} is 0; every voxel would be the same`);
  const [thickness] =
    find(groups.spacing, TAG.SpacingBetweenSlices, 1) ?? find(groups.spacing, TAG.SliceThickness, 1) ?? [];
  return {
    position,
    orientation,
    pixelSpacing,
    slope: slope!,
    intercept: intercept!,
    ...(thickness !== undefined && thickness > 0 ? { thickness } : {}),
  };
}

/**
 * Places of a file's frames: one, or those of a multi-frame object's functional groups (Enhanced CT and MR, PS3.3 C.7.6.16).
 *
 * @throws `CrlnError` `file-format` for a frame whose place is not known
 */
export function framesOf(dataSet: DataSet): FramePlace[] {
  const { name } = dataSet;
  const [count] = decimalsOf(dataSet, TAG.NumberOfFrames, 1) ?? [1];
  if (!Number.isInteger(count) || count! < 1) {
    throw refuse(name, `${tagName(TAG.NumberOfFrames)} is ${count}; expected a whole number >= 1`, { count });
  }
  const perFrame = dataSet.elements.get(TAG.PerFrameFunctionalGroupsSequence)?.items;
  if (!perFrame) {
    if (count! > 1) {
      throw refuse(
        name,
        `it has ${count} frames but does not say where each lies (PerFrameFunctionalGroupsSequence (5200,9230) is missing); split it into one file a slice, or convert it with dcm2niix`,
        { count },
      );
    }
    const sets = [dataSet];
    return [placeOf({ spacing: sets, orientation: sets, position: sets, values: sets }, name)];
  }
  if (perFrame.length !== count) {
    throw refuse(name, `it has ${count} frames, but places for ${perFrame.length}; the file is damaged`, {
      count,
      places: perFrame.length,
    });
  }
  const shared = itemOf(dataSet, TAG.SharedFunctionalGroupsSequence);
  return perFrame.map((frame) => {
    const group = (tag: number): DataSet[] =>
      [itemOf(frame, tag), itemOf(shared, tag)].filter((set) => set !== undefined);
    return placeOf(
      {
        spacing: group(TAG.PixelMeasuresSequence),
        orientation: group(TAG.PlaneOrientationSequence),
        position: group(TAG.PlanePositionSequence),
        values: group(TAG.PixelValueTransformationSequence),
      },
      name,
    );
  });
}
