import type { RandomStream, Triple } from '@crln/core';

/**
 * Zeros added to both ends of each axis so that a patch fits: where any side n ≤ P, every axis gets max(⌊(P − n)/2⌋ + 3, 0); else
 * none. (The rule of the field's LA code.)
 */
export function padForPatch(size: Triple, patch: Triple): Triple {
  if (size.every((n, a) => n > patch[a]!)) return [0, 0, 0];
  return size.map((n, a) => Math.max(Math.floor((patch[a]! - n) / 2) + 3, 0)) as Triple;
}

/** First voxel of a random patch in the padded volume's coordinates minus the padding: may be negative. */
export function drawCrop(size: Triple, patch: Triple, rng: RandomStream): Triple {
  const pad = padForPatch(size, patch);
  return size.map((n, a) => rng.integer(n + 2 * pad[a]! - patch[a]! + 1) - pad[a]!) as Triple;
}
