import { CrlnError, type Triple } from '@crln/core';
import { assertSameGrid } from './grid.js';
import { classesToLabels, type LabelTable, labelCounts, labelsToClasses, labelTable } from './labels.js';
import { NORMALISATIONS, type Normalisation, normalise } from './normalise.js';
import { applyReorientation, inverseReorientation, type Reorientation, reorientation } from './orientation.js';
import { resampleToShape, shapeAtSpacing } from './resample.js';
import type { Case, PreparedCase } from './types.js';
import { assertFinite, hasSpacing, type Volume, withData } from './volume.js';

/**
 * What is done to every image before a network sees it, and undone to what the network says: plain JSON, stored with a run and replayed
 * by prediction.
 */
export interface InputRecipe {
  readonly format: 1;
  /** Axes of the array: `'RAS'` or another such code, or `'native'` for the file's own. */
  readonly orientation: string;
  /** mm along the axes of that orientation; null = every case keeps its own. */
  readonly spacing: Triple | null;
  /** A case is resampled where its spacing differs by more than this factor − 1 on some axis: 0.1 for 10 %. */
  readonly spacingTolerance: number;
  readonly normalisation: Normalisation;
  readonly labels: LabelTable;
}

export interface FitRecipeOptions {
  /** Default `'RAS'`. */
  orientation?: string;
  /**
   * `'median'` (default): the cases' median, for those that differ from it by more than 10 %. `'native'`: no resampling. Three numbers:
   * that spacing in mm, for all that differ from it by more than 1 %.
   */
  spacing?: 'median' | 'native' | Triple;
  /** Default `'percentile-zscore'`. */
  normalisation?: Normalisation;
  /** File values of the classes, background first. Default: 0 and every value found in the labels, ascending. */
  labels?: LabelTable;
}

const isTriple = (value: unknown): value is Triple =>
  Array.isArray(value) && value.length === 3 && value.every((mm) => Number.isFinite(mm) && mm > 0);

const nameOf = (v: Volume, fallback: string): string => v.source ?? fallback;
const turnOf = (recipe: InputRecipe, affine: Volume['affine']): Reorientation =>
  recipe.orientation === 'native'
    ? { axes: [0, 1, 2], flips: [false, false, false] }
    : reorientation(affine, recipe.orientation);

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Finds the recipe for a set of training cases: their median spacing, their label values. Reads every case once, holding one at a time.
 * Give it only labels that training may see.
 *
 * @throws `CrlnError` `invalid-data` where there is no case, or a label is none; `invalid-option`
 */
export async function fitRecipe(
  cases: Iterable<Case> | AsyncIterable<Case>,
  options: FitRecipeOptions = {},
): Promise<InputRecipe> {
  const { orientation = 'RAS', spacing = 'median', normalisation = 'percentile-zscore' } = options;
  const spacings: Triple[] = [];
  const values = new Set<number>();
  let count = 0;
  for await (const { id, image, label } of cases) {
    count++;
    if (hasSpacing(image)) {
      const axes = orientation === 'native' ? ([0, 1, 2] as const) : reorientation(image.affine, orientation).axes;
      spacings.push(axes.map((axis) => image.spacing[axis]) as Triple);
    }
    if (label && !options.labels)
      for (const value of labelCounts(label, nameOf(label, `label of ${id}`)).keys()) values.add(value);
  }
  if (count === 0) throw new CrlnError('invalid-data', 'fitRecipe: there are no cases to learn from');
  const typical = [0, 1, 2].map((axis) => median(spacings.map((s) => s[axis]!))) as Triple;
  return parseRecipe({
    format: 1,
    orientation,
    spacing:
      spacing === 'native' || (spacing === 'median' && spacings.length === 0)
        ? null
        : spacing === 'median'
          ? typical
          : spacing,
    spacingTolerance: spacing === 'median' ? 0.1 : 0.01,
    normalisation,
    labels: options.labels ?? labelTable(values),
  });
}

/**
 * A recipe from parsed JSON.
 *
 * @throws `CrlnError` `invalid-option` naming the field that is wrong
 */
export function parseRecipe(json: unknown, name = 'recipe'): InputRecipe {
  const bad = (field: string, expected: string, value: unknown): CrlnError =>
    new CrlnError('invalid-option', `${name}: ${field} must be ${expected}, got ${JSON.stringify(value)}`, {
      name,
      field,
      value,
    });
  if (typeof json !== 'object' || json === null) throw bad('a recipe', 'an object', json);
  const { format, orientation, spacing, spacingTolerance, normalisation, labels } = json as Record<string, unknown>;
  if (format !== 1) throw bad('format', '1 (the only one so far)', format);
  if (typeof orientation !== 'string') throw bad('orientation', "a code such as 'RAS', or 'native'", orientation);
  if (orientation !== 'native') reorientation([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], orientation);
  if (spacing !== null && !isTriple(spacing)) throw bad('spacing', 'null or three positive numbers (mm)', spacing);
  if (typeof spacingTolerance !== 'number' || !(spacingTolerance >= 0))
    throw bad('spacingTolerance', 'a number >= 0', spacingTolerance);
  if (!NORMALISATIONS.includes(normalisation as Normalisation))
    throw bad('normalisation', `one of ${NORMALISATIONS.join(', ')}`, normalisation);
  const whole =
    Array.isArray(labels) && labels.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32);
  if (!whole || labels.length < 1 || labels.length > 256 || new Set(labels).size !== labels.length) {
    throw bad('labels', '1 to 256 different whole numbers, background first', labels);
  }
  return { format, orientation, spacing, spacingTolerance, normalisation: normalisation as Normalisation, labels };
}

/** Shape that a volume has after the recipe, without reading a voxel. `turned` is the shape in the recipe's orientation. */
function shapesOf(recipe: InputRecipe, native: Volume): { turn: Reorientation; turned: Triple; prepared: Triple } {
  const turn = turnOf(recipe, native.affine);
  const turned = turn.axes.map((axis) => native.shape[axis]) as Triple;
  const spacing = turn.axes.map((axis) => native.spacing[axis]) as Triple;
  const target = recipe.spacing;
  const limit = 1 + recipe.spacingTolerance;
  const far =
    target !== null &&
    hasSpacing(native) &&
    target.some((mm, axis) => Math.max(mm / spacing[axis]!, spacing[axis]! / mm) > limit);
  return { turn, turned, prepared: far ? shapeAtSpacing(turned, spacing, target) : turned };
}

/** [D, H, W] that `applyRecipe` gives this volume. */
export const preparedShape = (recipe: InputRecipe, native: Volume): Triple => shapesOf(recipe, native).prepared;

/** mm along D, H, W of what `applyRecipe` gives this volume. */
export function preparedSpacing(recipe: InputRecipe, native: Volume): Triple {
  const { turn, turned, prepared } = shapesOf(recipe, native);
  return turn.axes.map((axis, n) => (native.spacing[axis]! * turned[n]!) / prepared[n]!) as Triple;
}

/**
 * Reorients, resamples (image trilinear, label nearest) and normalises a case; label values become class indices.
 *
 * @throws `CrlnError` `not-finite` for an image with NaN or infinite voxels; `invalid-data` for a label with values that the
 * recipe does not know, or on another grid than its image
 */
export function applyRecipe(recipe: InputRecipe, { id, image, label }: Case): PreparedCase {
  assertFinite(image, nameOf(image, id));
  const { turn, prepared } = shapesOf(recipe, image);
  const place = (v: Volume, mode: 'linear' | 'nearest'): Volume =>
    resampleToShape(applyReorientation(v, turn), prepared, mode);
  const { normalisation } = recipe;
  const values = normalise(place(image, 'linear').data, normalisation);
  if (!label) return { id, image: values, shape: prepared, normalisation };
  assertSameGrid(image, label, id);
  const classes = withData(image, labelsToClasses(label, recipe.labels, nameOf(label, `label of ${id}`)));
  const found = place(classes, 'nearest').data as Uint8Array;
  return { id, image: values, label: found, shape: prepared, normalisation };
}

/** Values [D, H, W, C] of the prepared grid, on the native one. */
function toNative(recipe: InputRecipe, native: Volume, data: Uint8Array | Float32Array, channels: number): Volume {
  const { turn, turned, prepared } = shapesOf(recipe, native);
  const voxels = prepared[0] * prepared[1] * prepared[2];
  if (data.length !== voxels * channels) {
    throw new CrlnError(
      'invalid-shape',
      `${nameOf(native, 'volume')}: expected ${voxels} voxels [${prepared}] with ${channels} channels, got an array of ${data.length}`,
      { shape: prepared, channels, length: data.length },
    );
  }
  // The affine on the way is never looked at: the native one is put back as it was.
  const grid = { ...native, shape: prepared, data, channels };
  const back = applyReorientation(
    resampleToShape(grid, turned, data instanceof Float32Array ? 'linear' : 'nearest'),
    inverseReorientation(turn),
  );
  return withData(native, back.data, { channels });
}

/**
 * Class indices [D, H, W] of a prepared case as a label volume with the file's own values, on the native grid: same shape, spacing,
 * affine, header codes.
 */
export function invertLabels(recipe: InputRecipe, classes: ArrayLike<number>, native: Volume): Volume {
  const { data } = toNative(recipe, native, Uint8Array.from(classes), 1);
  return withData(native, classesToLabels(data, recipe.labels));
}

/** Probabilities [D, H, W, C] of a prepared case on the native grid, trilinearly: a volume of C channels. */
export const invertProbabilities = (recipe: InputRecipe, probabilities: Float32Array, native: Volume): Volume =>
  toNative(recipe, native, probabilities, recipe.labels.length);

/** The most probable class (the lowest of equals) of every voxel of {@link invertProbabilities}, as the file's label values. */
export function labelsOfProbabilities(recipe: InputRecipe, native: Volume): Volume {
  const { data, channels } = native;
  if (channels !== recipe.labels.length) {
    throw new CrlnError(
      'invalid-shape',
      `expected probabilities with ${recipe.labels.length} channels, got ${channels}`,
      { channels },
    );
  }
  const classes = new Uint8Array(data.length / channels);
  for (let n = 0; n < classes.length; n++) {
    let best = 0;
    for (let c = 1; c < channels; c++) if (data[n * channels + c]! > data[n * channels + best]!) best = c;
    classes[n] = best;
  }
  return withData(native, classesToLabels(classes, recipe.labels));
}
