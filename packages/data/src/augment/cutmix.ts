import type { RandomStream, SampleGeometry } from '@crln/core';

/** One side of a box, half open: a centre uniform in [⌊n/8⌋, n), a half extent of ⌊⌊n·ratio⌋/2⌋, clipped to 0 … n. */
export function drawSide(n: number, ratio: number, rng: RandomStream): [number, number] {
  const half = Math.floor(Math.floor(n * ratio) / 2);
  const first = Math.floor(n / 8);
  const centre = first + rng.integer(n - first);
  return [Math.max(centre - half, 0), Math.min(centre + half, n)];
}

/**
 * CutMix boxes of one batch (METHOD: λ ~ Beta(4, 4) once): per sample a centre uniform in [⌊S/8⌋, S) on each in-plane axis and a
 * half extent ⌊⌊S·√(1 − λ)⌋/2⌋, clipped to the patch; partners are a random permutation, which may be the identity.
 */
export function drawBoxes(
  [d, h]: readonly number[],
  batch: number,
  rng: RandomStream,
): Pick<SampleGeometry, 'box' | 'partner'>[] {
  const ratio = Math.sqrt(1 - rng.beta(4, 4));
  const partners = rng.permutation(batch);
  return Array.from(partners, (partner) => {
    const [d0, d1] = drawSide(d!, ratio, rng);
    const [h0, h1] = drawSide(h!, ratio, rng);
    return { box: { d0, d1, h0, h1 }, partner };
  });
}
