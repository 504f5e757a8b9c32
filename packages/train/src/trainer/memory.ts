import { CrlnError, type Triple } from '@crln/core';
import type { NetworkSettings } from '../settings.js';

export interface MemoryQuestion {
  network: NetworkSettings;
  patch: Triple;
  batch: readonly [number, number];
  classes: number;
  /** Width of the representation head; 0 = none. */
  representation?: number;
}

/**
 * About how many bytes of tensors a training iteration holds at its peak: within a third of what was measured on V-Nets of 8 and 16
 * base filters with patches of 32×32×16 and 64×64×32, supervised and CRLN.
 *
 * The backward pass needs, of every conv of level l with width w, the output before and after its normalisation: 2·w·V/8ˡ floats
 * each; an encoder and a decoder level have min(l + 1, 3) convs each (V-Net; two for the 3D U-Net), and a down and an up conv. All
 * twice, since tfjs keeps every gradient until the backward pass has ended; times L + U patches. A representation of width R adds
 * about twelve copies of itself (contrast), and 24 of the C·R scores at half resolution of each labelled patch (interaction). Then five
 * copies of the parameters (student, teacher, gradient, velocity, packed kernels).
 */
export function estimateMemory({ network, patch, batch, classes, representation = 0 }: MemoryQuestion): number {
  const { baseFilters, levels, type } = network;
  const voxels = patch[0] * patch[1] * patch[2];
  let floats = 0;
  let parameters = 0;
  for (let level = 0; level <= levels; level++) {
    const width = baseFilters * 2 ** level;
    const convs = type === 'vNet' ? Math.min(level + 1, 3) : 2;
    const sides = level === levels ? 1 : 2;
    // One more pair for the resampling conv into this level on each side, and one sum or concatenation.
    floats += (voxels / 8 ** level) * width * (2 * (convs + 1) * sides + (sides === 2 ? 1 : 0));
    parameters += 27 * width * width * convs * sides + 16 * width * width;
  }
  floats += voxels * (4 * classes + 2);
  const [labelled, patches] = [batch[0], batch[0] + batch[1]];
  const contrast = 12 * voxels * representation * patches;
  const interaction = 24 * (voxels / 8) * classes * representation * labelled;
  return 4 * (2 * floats * patches + contrast + interaction + 5 * parameters);
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB (${Math.ceil(bytes)} bytes)`;

/** Refuses what cannot fit. @throws CrlnError `out-of-memory` naming the bytes, what is large and what would help */
export function checkMemory(question: MemoryQuestion, limit: number): number {
  const bytes = estimateMemory(question);
  if (bytes > limit) {
    const { patch, batch, network } = question;
    throw new CrlnError(
      'out-of-memory',
      `a training iteration with patch [${patch}], batch [${batch}] and ${network.baseFilters} base filters needs about ${gib(bytes)}, more than ${gib(limit)}; use a smaller patch, fewer base filters or a smaller batch`,
      { bytes, limit, patch, batch },
    );
  }
  return bytes;
}

/** @throws CrlnError `invalid-shape` unless every side of the patch is a multiple of 2^levels */
export function checkPatch(patch: Triple, levels: number): void {
  const unit = 2 ** levels;
  if (patch.every((side) => side % unit === 0)) return;
  const nearest = patch.map((side) => Math.max(Math.round(side / unit), 1) * unit);
  throw new CrlnError(
    'invalid-shape',
    `patch [${patch}]: with ${levels} levels every side must be a multiple of ${unit}, such as [${nearest}]`,
    { patch, levels, nearest },
  );
}
