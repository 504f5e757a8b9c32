import { CrlnError, stream, type Triple } from '@crln/core';
import type { PreparedCase } from '../types.js';
import { type WeakOptions, weakPatch } from './weak.js';

export interface WeakBatchOptions extends WeakOptions {
  seed: number;
  iteration: number;
  /** Separates the streams of batches of one iteration, such as 'labelled' and 'unlabelled'. */
  purpose: string;
}

/** Patches stacked along a first axis. */
export interface PatchBatch {
  /** [N, D, H, W]. */
  images: Float32Array;
  /** [N, D, H, W] class indices, where every case has a label. */
  labels?: Int32Array;
  shape: Triple;
  caseIds: string[];
}

/**
 * One weakly augmented patch of each case. Sample n draws from `stream(seed, 'weak/' + purpose, iteration, n)`.
 *
 * @throws `invalid-argument` where there is no case.
 */
export function weakBatch(cases: readonly PreparedCase[], patch: Triple, options: WeakBatchOptions): PatchBatch {
  const { seed, iteration, purpose, ...weak } = options;
  if (cases.length === 0) throw new CrlnError('invalid-argument', `weakBatch (${purpose}): no cases`, { purpose });
  const size = patch[0] * patch[1] * patch[2];
  const images = new Float32Array(cases.length * size);
  const labels = cases.every((c) => c.label) ? new Int32Array(cases.length * size) : undefined;
  cases.forEach((source, n) => {
    const drawn = weakPatch(source, patch, stream(seed, `weak/${purpose}`, iteration, n), weak);
    images.set(drawn.image, n * size);
    if (labels && drawn.label) labels.set(drawn.label, n * size);
  });
  return { images, ...(labels && { labels }), shape: [...patch], caseIds: cases.map((c) => c.id) };
}
