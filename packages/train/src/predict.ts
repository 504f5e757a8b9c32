import {
  applyRecipe,
  type InputRecipe,
  invertLabels,
  invertProbabilities,
  labelsOfProbabilities,
  type Volume,
} from '@crln/data';
import { type Connectivity, largestComponent } from './metrics/components.js';
import { mostProbable, type SlidingWindowOptions, slidingWindow, type WindowPredictor } from './slidingWindow.js';

export interface PredictVolumeOptions extends Omit<SlidingWindowOptions, 'classes'> {
  /** Also return the probabilities on the native grid. Default false. */
  probabilities?: boolean;
  /** Keep only the largest component of every class. Default false. */
  largestComponent?: boolean | { connectivity: Connectivity };
  /** How messages call the volume. */
  id?: string;
}

/**
 * Segments an image as its file has it: applies the run's input recipe, slides the network over the result, and maps back. Where the
 * recipe resamples, probabilities are interpolated to the native grid before a class is chosen, which keeps outlines smooth.
 *
 * @param image one channel
 * @param recipe as stored with the run; its label table gives the classes and their values in the file
 * @returns `labels` with the values of the table, on the grid of `image`: same shape, spacing, affine, header codes. `probabilities`
 * [n0, n1, n2, classes] on the same grid, where asked for
 * @throws CrlnError `not-finite` for NaN in the image, and those of `slidingWindow`
 */
export async function predictVolume(
  image: Volume,
  recipe: InputRecipe,
  predict: WindowPredictor,
  options: PredictVolumeOptions,
): Promise<{ labels: Volume; probabilities?: Volume }> {
  const { id = image.source ?? 'volume', largestComponent: keep = false, probabilities: wanted = false } = options;
  const classes = recipe.labels.length;
  const prepared = applyRecipe(recipe, { id, image });
  const values = await slidingWindow({ data: prepared.image, shape: prepared.shape }, predict, { ...options, classes });
  const found = mostProbable(values, classes);
  let chosen = found;
  if (keep) {
    chosen = largestComponent(found, prepared.shape, keep === true ? {} : keep);
    for (let v = 0; v < chosen.length; v++) {
      if (chosen[v] !== found[v]) values.fill(0, v * classes, (v + 1) * classes)[v * classes] = 1;
    }
  }
  const sizes = (shape: readonly number[]) => [...shape].sort((a, b) => a - b).join();
  const resampled = sizes(prepared.shape) !== sizes(image.shape);
  const native = wanted || resampled ? invertProbabilities(recipe, values, image) : undefined;
  return {
    labels: native && resampled ? labelsOfProbabilities(recipe, native) : invertLabels(recipe, chosen, image),
    ...(native && wanted ? { probabilities: native } : {}),
  };
}
