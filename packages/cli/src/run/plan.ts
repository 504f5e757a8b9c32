import { CrlnError } from '@crln/core';
import {
  applyRecipe,
  batchLoader,
  caseSource,
  type Dataset,
  fitRecipe,
  type InputRecipe,
  parseRecipe,
  type Selection,
  selectSplits,
  trainingCases,
} from '@crln/data';
import {
  type AnyMethod,
  checkMemory,
  checkPatch,
  findMethod,
  parseSettings,
  type RunConfig,
  type TrainingData,
  windowStarts,
} from '@crln/train';
import { methodSettings, type RunSettings, windowSettings } from './settings.js';
import { finite, openSource } from './source.js';

/** A run, decided and checked, before anything of it is written. */
export interface RunPlan {
  method: AnyMethod;
  dataset: Dataset;
  selection: Selection;
  recipe: InputRecipe;
  data: TrainingData;
  /** Estimated bytes of an iteration. */
  memoryBytes: number;
}

/**
 * Opens the data, chooses cases, finds the input recipe, and checks everything that can be checked before the first iteration: all
 * images that will be read, the patch, the memory it takes.
 *
 * @param stored the configuration of the run that goes on, whose recipe is taken as it is
 * @throws CrlnError naming what is wrong and where
 */
export async function planRun(settings: RunSettings, memoryLimit: number, stored?: RunConfig): Promise<RunPlan> {
  const method = findMethod(settings.method);
  const options = parseSettings(method.options, methodSettings(settings), `method ${method.name}`);
  const { patch, network, batch, seed, augmentation } = settings;
  checkPatch(patch, network.levels);
  const { roiSize, ...windows } = windowSettings(settings);
  windowStarts(patch, roiSize, windows);
  const dataset = await openSource(settings);
  const { labelled: shown, holdOut, orientation, spacing, normalisation } = settings.data;
  const selection = selectSplits(dataset, { ...(shown !== undefined && { labelled: shown }), holdOut });
  const needs = method.needs(options);
  const { labelled, unlabelled } = selection;
  if (needs.unlabelled && unlabelled.length === 0) {
    throw new CrlnError(
      'invalid-data',
      `${dataset.name}: method ${method.name} needs unlabelled cases, but all ${labelled.length} training cases show their label; use --labelled with a smaller number, or --method supervised`,
      { labelled: labelled.length },
    );
  }
  const recipe = stored
    ? parseRecipe(stored.recipe, 'the recipe of the run')
    : ((dataset as { recipe?: InputRecipe }).recipe ??
      (await fitRecipe(finite(trainingCases(dataset, selection)), { orientation, spacing, normalisation })));
  if ((recipe.normalisation === 'minmax') !== augmentation.weak.minmax) {
    throw new CrlnError(
      'invalid-option',
      `the recipe of ${dataset.name} normalises by '${recipe.normalisation}', and the patches would be augmented for '${normalisation}': the network would train on other intensities than it predicts on; set data.normalisation to '${recipe.normalisation}'`,
      { option: 'data.normalisation', recipe: recipe.normalisation, given: normalisation },
    );
  }
  const classes = recipe.labels.length;
  if (classes < 2) {
    throw new CrlnError(
      'invalid-data',
      `${dataset.name}: the ${labelled.length} labelled cases have no voxel but background`,
      { labelled },
    );
  }
  if (!stored) await checkEvaluated(dataset, recipe, selection);
  const used: [number, number] = [batch[0], needs.unlabelled ? batch[1] : 0];
  const footprint = method.footprint?.(options, network);
  const { precision } = settings.backend;
  const memoryBytes = checkMemory(
    { network, patch, batch: used, classes, ...footprint, precision, gpu: settings.backend.name === 'webgpu' },
    memoryLimit,
  );
  const data: TrainingData = { ...caseSource(dataset, selection, recipe), classes };
  batchLoader(data, { seed, patch, batch, needs, augmentation });
  return { method, dataset, selection, recipe, data, memoryBytes };
}

/** Reads the cases that will be evaluated once, so that a bad one is found now and not after hours. */
async function checkEvaluated(dataset: Dataset, recipe: InputRecipe, { val, test }: Selection): Promise<void> {
  for (const id of val.length > 0 ? val : test) applyRecipe(recipe, await dataset.load(id));
}
