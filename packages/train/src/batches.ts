import { CrlnError, stream, type Triple } from '@crln/core';
import { geometryIndex, type PreparedCase, strongImages, strongPlan, twoStreamSampler, weakBatch } from '@crln/data';
import type { RawBatch } from './batch.js';
import { cachedCases, type TrainingData } from './data.js';
import type { BatchNeeds } from './method.js';
import type { AugmentationSettings } from './settings.js';

export interface BatchOptions {
  seed: number;
  patch: Triple;
  /** [L, U] */
  batch: readonly [number, number];
  needs: BatchNeeds;
  augmentation: AugmentationSettings;
}

/**
 * The batch of any iteration: cases, patches and augmentations drawn, images transformed, all on the CPU. A pure function of (seed,
 * iteration), so that it can run ahead, and a resumed run sees what an uninterrupted one would.
 *
 * @throws CrlnError `invalid-data` where patches are wanted from an empty list, or a labelled case has no label; `invalid-option` where
 * the augmentation would scale patches to [0, 1] of cases that were normalised otherwise
 */
export function batchSource(data: TrainingData, options: BatchOptions): (iteration: number) => Promise<RawBatch> {
  const { seed, patch, needs, augmentation } = options;
  const [L, U] = options.batch;
  if (needs.unlabelled && U === 0) {
    throw new CrlnError('invalid-option', `batch: the method needs unlabelled patches, got [${L}, ${U}]`, {
      batch: [L, U],
    });
  }
  const unlabelledCount = needs.unlabelled ? U : 0;
  const { labelled, unlabelled } = data;
  const sample = twoStreamSampler({ labelled, unlabelled, batch: [L, unlabelledCount], seed });
  const scaled = [
    augmentation.weak.minmax && 'weak.minmax',
    needs.strong && augmentation.strong.normalise === 'minmax' && 'strong.normalise',
  ].filter((name) => name !== false);
  const load = cachedCases(async (id) => {
    const one = await data.load(id);
    if (scaled.length > 0) assertMinmax(one, scaled);
    return one;
  });
  const weak = (cases: readonly PreparedCase[], iteration: number, purpose: string) =>
    weakBatch(cases, patch, { seed, iteration, purpose, ...augmentation.weak });

  return async (iteration) => {
    const ids = sample(iteration);
    const cases = await Promise.all(ids.labelled.map(load));
    const bare = cases.find((one) => !one.label);
    if (bare)
      throw new CrlnError('invalid-data', `case ${bare.id} is listed as labelled and has no label`, { id: bare.id });
    const known = weak(cases, iteration, 'labelled');
    const batch: RawBatch = { labelled: { ...known, labels: known.labels as Int32Array } };
    if (!needs.unlabelled) return batch;
    const { labels: _, ...patches } = weak(await Promise.all(ids.unlabelled.map(load)), iteration, 'unlabelled');
    batch.unlabelled = patches;
    if (needs.strong) {
      const plan = strongPlan(patch, U, stream(seed, 'strong', iteration), augmentation.strong);
      batch.unlabelled.strong = { images: strongImages(patches.images, plan), index: geometryIndex(plan) };
    }
    return batch;
  };
}

/** A network that trains on patches in [0, 1] predicts rubbish on z-scores, and says nothing. */
function assertMinmax({ id, normalisation }: PreparedCase, scaled: readonly string[]): void {
  if (normalisation === undefined || normalisation === 'minmax') return;
  throw new CrlnError(
    'invalid-option',
    `case ${id}: its recipe normalises by '${normalisation}', but augmentation.${scaled.join(' and .')} would scale its patches to [0, 1]: the network would train on other intensities than it predicts on. Fit the recipe with normalisation: 'minmax', or set augmentation: { weak: { minmax: false, brightness: false }, strong: { normalise: 'none' } }`,
    { id, normalisation, options: scaled.map((name) => `augmentation.${name}`) },
  );
}
