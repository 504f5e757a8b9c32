import { datasetOf } from '../../src/dataset.js';
import type { LoaderOptions } from '../../src/loader/loader.js';
import { caseSource } from '../../src/loader/source.js';
import { phantomAtria } from '../../src/phantom/atria.js';
import { type FitRecipeOptions, fitRecipe } from '../../src/recipe.js';
import { selectSplits } from '../../src/splits.js';

/** Six small scans, two of them labelled: a, b | c, d, e, f. */
export const scans = phantomAtria({ cases: 6, shape: [20, 18, 12] }).map((one, n) => ({ ...one, id: 'abcdef'[n]! }));

/** As a data set whose splits say so. */
export const dataset = datasetOf(scans, { splits: { train: [...'abcdef'], labelled: ['a', 'b'], test: [] } });

export async function source(given: FitRecipeOptions = { normalisation: 'minmax' }) {
  return caseSource(dataset, selectSplits(dataset), await fitRecipe(scans, given));
}

/** All that a batch can hold. */
export const options: LoaderOptions = {
  seed: 3,
  patch: [12, 12, 8],
  batch: [1, 2],
  needs: { unlabelled: true, strong: true },
  augmentation: { weak: {}, strong: {} },
};
