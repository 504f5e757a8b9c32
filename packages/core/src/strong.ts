import type { Triple } from './shapes.js';

/**
 * Where the voxels of one strongly augmented patch come from. Applied in this order: in-plane resize (`scale`), CutMix (`box`
 * from sample `partner`), `np.rot90(x, k)` in axes (D, H), flip of axis `flipAxis`. "In plane" means D and H.
 */
export interface SampleGeometry {
  /** In-plane resize factor: each side becomes ⌊side·scale⌋, then is centre cropped or padded back; null = not resized. */
  scale: number | null;
  /** The CutMix box, half open ([d0, d1) × [h0, h1), over the full depth), taken from sample `partner` after its resize. */
  box: { d0: number; d1: number; h0: number; h1: number } | null;
  /** Index, in the batch, of the sample that fills the box. Its own index where nothing is mixed. */
  partner: number;
  /** Quarter turns. Only 0 and 2 where D ≠ H, since an odd turn would change the patch's shape. */
  k: 0 | 1 | 2 | 3;
  /** Axis flipped after the turn: 0 = D, 1 = H, null = none. */
  flipAxis: 0 | 1 | null;
}

/** What happens to the intensities of one strongly augmented patch, between CutMix and the turn. */
export interface SampleIntensity {
  /** Factor of the brightness change, or null. */
  brightness: number | null;
  /** Gaussian noise clip(N(0, sigma²), ±clip), drawn from `stream(seed, 'noise')`; null = none. */
  noise: { sigma: number; clip: number; seed: number } | null;
}

/**
 * A strong augmentation of a batch, fully decided: plain JSON, so that it can be logged, sent to a worker and replayed.
 * `@crln/data` draws it and applies it to images; pseudo-label and confidence follow by `geometryIndex(plan)`.
 */
export interface StrongPlan {
  /** The patch's [D, H, W]. */
  shape: Triple;
  /** 'minmax': every sample is scaled to [0, 1] between the steps and brightness is clipped to it. 'none': left alone. */
  normalise: 'minmax' | 'none';
  /** One entry a sample. */
  geometry: SampleGeometry[];
  /** One entry a sample. */
  intensity: SampleIntensity[];
}
