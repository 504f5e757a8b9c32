import {
  CrlnError,
  type RandomStream,
  type SampleGeometry,
  type SampleIntensity,
  type StrongPlan,
  stream,
  type Triple,
} from '@crln/core';
import { pasteBox } from '../box.js';
import { drawBoxes } from './cutmix.js';
import { addNoise, brighten, minMax } from './intensity.js';
import { resizeInPlane } from './resize.js';
import { drawTurn, planeMap } from './turn.js';

export interface StrongOptions {
  /** In-plane resize by U(0.5, 1.5). Default true. */
  resize?: boolean;
  /** Default true. */
  cutMix?: boolean;
  /** ×U(0.75, 1.25) in 80 % of the samples. Default true. */
  brightness?: boolean;
  /** Gaussian noise, sigma 0.1, clipped to ±0.2, in half of the samples. Default true. */
  noise?: boolean;
  /** rot90 and a flip in half of the samples. Default true. */
  turn?: boolean;
  /** 'none' for z-scored inputs: no scaling between the steps and no clipping of the brightness. Default 'minmax'. */
  normalise?: 'minmax' | 'none';
}

/** Draws the strong augmentation (METHOD §6) of a batch of patches of `shape`, as plain JSON. */
export function strongPlan(shape: Triple, batch: number, rng: RandomStream, options: StrongOptions = {}): StrongPlan {
  const { resize = true, cutMix = true, brightness = true, noise = true, turn = true, normalise = 'minmax' } = options;
  const scales = Array.from({ length: batch }, () => (resize ? rng.range(0.5, 1.5) : null));
  const boxes = cutMix ? drawBoxes(shape, batch, rng) : scales.map((_, partner) => ({ box: null, partner }));
  const geometry: SampleGeometry[] = [];
  const intensity: SampleIntensity[] = [];
  for (let n = 0; n < batch; n++) {
    const factor = brightness && rng.bernoulli(0.8) ? rng.range(0.75, 1.25) : null;
    const grain = noise && rng.bernoulli(0.5) ? { sigma: 0.1, clip: 0.2, seed: rng.seed() } : null;
    intensity.push({ brightness: factor, noise: grain });
    const turned = turn && rng.bernoulli(0.5);
    const square = shape[0] === shape[1];
    geometry.push({
      scale: scales[n]!,
      ...boxes[n]!,
      ...(turned ? drawTurn(rng, { square }) : { k: 0 as const, flipAxis: null }),
    });
  }
  return { shape: [...shape], normalise, geometry, intensity };
}

/**
 * Carries out a {@link StrongPlan} on images [N, D, H, W]: resize (cubic, reflected outside), CutMix, brightness, noise, turn. With
 * 'minmax', every sample is scaled to [0, 1] before and after the resize (where there is one), after CutMix and at the end.
 * The input is left alone. Throws `invalid-shape` where plan and images disagree.
 */
export function strongImages(images: Float32Array, plan: StrongPlan): Float32Array {
  const [d, h, w] = plan.shape;
  const size = d * h * w;
  const batch = plan.geometry.length;
  if (images.length !== batch * size) {
    throw new CrlnError(
      'invalid-shape',
      `strongImages: expected images [${[batch, ...plan.shape]}] = ${batch * size} voxels, got ${images.length}`,
      { shape: [batch, ...plan.shape], length: images.length },
    );
  }
  const normalise = plan.normalise === 'minmax' ? minMax : () => {};
  const resized = images.slice();
  const mixed = new Float32Array(size);
  plan.geometry.forEach(({ scale }, n) => {
    if (scale === null) return;
    const sample = resized.subarray(n * size, (n + 1) * size);
    normalise(sample);
    resizeInPlane(sample, plan.shape, scale, mixed);
    normalise(sample);
  });
  const out = new Float32Array(batch * size);
  plan.geometry.forEach((g, n) => {
    mixed.set(resized.subarray(n * size, (n + 1) * size));
    if (g.box && g.partner !== n) {
      const { d0, d1, h0, h1 } = g.box;
      const partner = resized.subarray(g.partner * size, (g.partner + 1) * size);
      pasteBox(mixed, partner, plan.shape, { start: [d0, h0, 0], size: [d1 - d0, h1 - h0, w] });
    }
    normalise(mixed);
    const { brightness, noise } = plan.intensity[n]!;
    if (brightness !== null) brighten(mixed, brightness, plan.normalise === 'minmax');
    if (noise) addNoise(mixed, noise.sigma, noise.clip, stream(noise.seed, 'noise'));
    const map = planeMap(g, d, h);
    const sample = out.subarray(n * size, (n + 1) * size);
    for (let x = 0; x < d; x++) {
      for (let y = 0; y < h; y++) {
        const from = ((map.i0 + map.ix * x + map.iy * y) * h + map.j0 + map.jx * x + map.jy * y) * w;
        const to = (x * h + y) * w;
        for (let z = 0; z < w; z++) sample[to + z] = mixed[from + z]!;
      }
    }
    normalise(sample);
  });
  return out;
}
