import { CrlnError } from '@crln/core';

/** Voxels of the prediction, of the reference, and of both. */
export interface Overlap {
  prediction: number;
  reference: number;
  intersection: number;
}

/**
 * Counts voxels of an object in two volumes.
 *
 * @param label the object; any non-zero value where it is undefined
 * @throws CrlnError `invalid-shape` where the volumes differ in size
 */
export function overlap(prediction: ArrayLike<number>, reference: ArrayLike<number>, label?: number): Overlap {
  if (prediction.length !== reference.length) {
    throw new CrlnError(
      'invalid-shape',
      `the prediction has ${prediction.length} voxels, the reference ${reference.length}; they must be equal`,
      { prediction: prediction.length, reference: reference.length },
    );
  }
  const count = { prediction: 0, reference: 0, intersection: 0 };
  for (let v = 0; v < prediction.length; v++) {
    const ours = label === undefined ? prediction[v] !== 0 : prediction[v] === label;
    const theirs = label === undefined ? reference[v] !== 0 : reference[v] === label;
    if (ours) count.prediction++;
    if (theirs) count.reference++;
    if (ours && theirs) count.intersection++;
  }
  return count;
}

/** 2·|P ∩ R| / (|P| + |R|); null where both are empty. */
export const diceOf = ({ prediction, reference, intersection }: Overlap): number | null =>
  prediction + reference === 0 ? null : (2 * intersection) / (prediction + reference);

/** |P ∩ R| / |P ∪ R|; null where both are empty. */
export const jaccardOf = ({ prediction, reference, intersection }: Overlap): number | null =>
  prediction + reference === 0 ? null : intersection / (prediction + reference - intersection);

/**
 * Dice coefficient 2·|P ∩ R| / (|P| + |R|) of two objects (non-zero voxels), from 0 to 1.
 * @returns null where both are empty: there is nothing to score
 * @throws CrlnError `invalid-shape`
 */
export const dice = (prediction: ArrayLike<number>, reference: ArrayLike<number>): number | null =>
  diceOf(overlap(prediction, reference));

/**
 * Jaccard index |P ∩ R| / |P ∪ R| of two objects (non-zero voxels), from 0 to 1.
 * @returns null where both are empty
 * @throws CrlnError `invalid-shape`
 */
export const jaccard = (prediction: ArrayLike<number>, reference: ArrayLike<number>): number | null =>
  jaccardOf(overlap(prediction, reference));
