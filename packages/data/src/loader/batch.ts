import { CrlnError, stream, type Triple } from '@crln/core';
import { type PatchBatch, weakBatch } from '../augment/batch.js';
import { geometryIndex } from '../augment/geometry.js';
import { type StrongOptions, strongImages, strongPlan } from '../augment/strong.js';
import type { WeakOptions } from '../augment/weak.js';
import type { BatchCases } from '../sampler.js';
import type { PreparedCase } from '../types.js';

/** What a batch must hold. */
export interface BatchNeeds {
  /** Weakly augmented unlabelled patches. */
  unlabelled: boolean;
  /** And the same patches strongly augmented, with the geometry that carries pseudo-labels along. */
  strong: boolean;
}

/** How batches are made: plain JSON. */
export interface BatchOptions {
  seed: number;
  /** [D, H, W] */
  patch: Triple;
  /** Labelled and unlabelled patches: [L, U]. */
  batch: readonly [number, number];
  needs: BatchNeeds;
  augmentation: { weak: WeakOptions; strong: StrongOptions };
}

/** The patches of one iteration, before they go to a backend. */
export interface RawBatch {
  labelled: PatchBatch & { labels: Int32Array };
  /** Where it is asked for; `strong` too: the patches augmented once more, and the {@link geometryIndex} of that. */
  unlabelled?: PatchBatch & { strong?: { images: Float32Array; index: Int32Array } };
}

/**
 * The batch of an iteration from its cases: patches and augmentations drawn, images transformed. A pure function of cases, iteration and
 * options.
 *
 * @throws CrlnError `invalid-data` where a labelled case has no label; `invalid-option` where the augmentation would scale patches to
 * [0, 1] of cases that were normalised otherwise
 */
export function makeBatch(cases: BatchCases<PreparedCase>, iteration: number, options: BatchOptions): RawBatch {
  const { seed, patch, needs, augmentation } = options;
  for (const one of [...cases.labelled, ...cases.unlabelled]) assertMinmax(one, options);
  const bare = cases.labelled.find((one) => !one.label);
  if (bare)
    throw new CrlnError('invalid-data', `case ${bare.id} is listed as labelled and has no label`, { id: bare.id });
  const weak = (purpose: 'labelled' | 'unlabelled') =>
    weakBatch(cases[purpose], patch, { seed, iteration, purpose, ...augmentation.weak });
  const known = weak('labelled');
  const batch: RawBatch = { labelled: { ...known, labels: known.labels as Int32Array } };
  if (!needs.unlabelled) return batch;
  const { labels: _, ...patches } = weak('unlabelled');
  batch.unlabelled = patches;
  if (needs.strong) {
    const plan = strongPlan(patch, patches.caseIds.length, stream(seed, 'strong', iteration), augmentation.strong);
    batch.unlabelled.strong = { images: strongImages(patches.images, plan), index: geometryIndex(plan) };
  }
  return batch;
}

/** A network that trains on patches in [0, 1] predicts rubbish on z-scores, and says nothing. */
function assertMinmax({ id, normalisation }: PreparedCase, { needs, augmentation }: BatchOptions): void {
  if (normalisation === undefined || normalisation === 'minmax') return;
  const { weak, strong } = augmentation;
  const scaled = [
    (weak.minmax ?? true) && 'weak.minmax',
    needs.strong && (strong.normalise ?? 'minmax') === 'minmax' && 'strong.normalise',
  ].filter((name) => name !== false);
  if (scaled.length === 0) return;
  throw new CrlnError(
    'invalid-option',
    `case ${id}: its recipe normalises by '${normalisation}', but augmentation.${scaled.join(' and .')} would scale its patches to [0, 1]: the network would train on other intensities than it predicts on. Fit the recipe with normalisation: 'minmax', or set augmentation: { weak: { minmax: false, brightness: false }, strong: { normalise: 'none' } }`,
    { id, normalisation, options: scaled.map((name) => `augmentation.${name}`) },
  );
}
