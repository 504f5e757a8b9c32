import { applyRecipe, type InputRecipe } from '../recipe.js';
import type { Selection } from '../splits.js';
import type { Case, CaseFiles, Dataset, PreparedCase } from '../types.js';

/** What batches are made from. */
export interface CaseSource {
  /** Cases whose label may be used. */
  readonly labelled: readonly string[];
  /** Cases used without their label. */
  readonly unlabelled: readonly string[];
  /** A case after the input recipe. */
  load(id: string): PreparedCase | Promise<PreparedCase>;
  /** What `load` does with which files, so that a worker thread can do it. Nothing for a case that lies in no file. */
  files?(id: string): PreparedFiles | undefined;
}

/** The files of a case, and what is done with them. Plain JSON. */
export interface PreparedFiles extends CaseFiles {
  recipe: InputRecipe;
  /** Whether training may see the label. */
  labelled: boolean;
}

/** A case after its recipe, its label taken away where training may not see it. */
export const prepareCase = (recipe: InputRecipe, { id, image, label }: Case, labelled: boolean): PreparedCase =>
  applyRecipe(recipe, labelled && label ? { id, image, label } : { id, image });

/** The training cases of a selection after their recipe; a label shows only where the selection says so. */
export function caseSource(dataset: Dataset, selection: Selection, recipe: InputRecipe): CaseSource {
  const { labelled, unlabelled } = selection;
  const shown = new Set(labelled);
  return {
    labelled,
    unlabelled,
    load: async (id) => prepareCase(recipe, await dataset.load(id), shown.has(id)),
    files(id) {
      const files = dataset.files?.(id);
      return files && { ...files, recipe, labelled: shown.has(id) };
    },
  };
}
