import { CrlnError, type RandomStream, type Triple } from '@crln/core';
import type { PreparedCase } from '../types.js';
import { drawCrop } from './crop.js';
import { valueRange } from './intensity.js';
import { drawTurn, planeMap, type Turn } from './turn.js';

export interface WeakOptions {
  /** Rotate by k·90° in the plane of axes 0 and 1. Default true. */
  rotate?: boolean;
  /** Flip axis 0 or 1 after the rotation: always (the paper's code), in half of the patches, or never. Default 'half'. */
  flip?: 'always' | 'half' | 'never';
  /** Multiply by U(0.75, 1.25), then clip to [0, 1] where `minmax` is on. Default true. */
  brightness?: boolean;
  /** Scale the whole volume to [0, 1] first. Off for z-scored inputs. Default true. */
  minmax?: boolean;
}

/** One weakly augmented patch, decided: plain JSON. */
export interface WeakPlan extends Turn {
  patch: Triple;
  minmax: boolean;
  brightness: number | null;
  /** First voxel in the turned volume; voxels outside the volume are 0, in the image and in the label. */
  start: Triple;
}

/** A training patch: C-order [D, H, W] image and, where the case has one, class indices. */
export interface Patch {
  image: Float32Array;
  label?: Int32Array;
  shape: Triple;
  caseId: string;
}

/** Draws a weak augmentation: rot90, flip, min-max, brightness, random crop, in this order (METHOD §6). */
export function weakPlan(size: Triple, patch: Triple, rng: RandomStream, options: WeakOptions = {}): WeakPlan {
  const { rotate = true, flip = 'half', brightness = true, minmax = true } = options;
  if (!patch.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new CrlnError('invalid-argument', `patch: expected three whole numbers >= 1, got [${patch}]`, { patch });
  }
  const turn = drawTurn(rng, { rotate, flip: { always: 1, half: 0.5, never: 0 }[flip] });
  const factor = rng.range(0.75, 1.25);
  const { size0, size1 } = planeMap(turn, size[0], size[1]);
  const start = drawCrop([size0, size1, size[2]], patch, rng);
  return { ...turn, patch: [...patch], minmax, brightness: brightness ? factor : null, start };
}

const ranges = new WeakMap<Float32Array, [number, number]>();

/** min and max of a volume, computed once. */
function rangeOf(image: Float32Array): [number, number] {
  const range = ranges.get(image) ?? valueRange(image);
  ranges.set(image, range);
  return range;
}

/** Carries out a {@link WeakPlan}, reading only the patch's voxels. Throws `invalid-shape` where the case's sizes disagree. */
export function applyWeakPlan(source: PreparedCase, plan: WeakPlan): Patch {
  const [n0, n1, n2] = source.shape;
  const [p0, p1, p2] = plan.patch;
  for (const part of ['image', 'label'] as const) {
    const length = source[part]?.length;
    if (length !== undefined && length !== n0 * n1 * n2) {
      throw new CrlnError(
        'invalid-shape',
        `case ${source.id}: expected ${part} of [${source.shape}] = ${n0 * n1 * n2} voxels, got ${length}`,
        { id: source.id, part, shape: source.shape, length },
      );
    }
  }
  const { image: volume, label: classes } = source;
  const map = planeMap(plan, n0, n1);
  const most = plan.minmax ? 1 : Infinity;
  let shift = 0;
  let scale = plan.brightness ?? 1;
  if (plan.minmax) {
    const [low, high] = source.range ?? rangeOf(volume);
    shift = low;
    scale = high > low ? scale / (high - low) : 0;
  }
  const image = new Float32Array(p0 * p1 * p2);
  const label = classes && new Int32Array(p0 * p1 * p2);
  const first = Math.max(0, -plan.start[2]);
  const last = Math.min(p2, n2 - plan.start[2]);
  for (let a = 0; a < p0; a++) {
    const x = a + plan.start[0];
    if (x < 0 || x >= map.size0) continue;
    for (let b = 0; b < p1; b++) {
      const y = b + plan.start[1];
      if (y < 0 || y >= map.size1) continue;
      const from = ((map.i0 + map.ix * x + map.iy * y) * n1 + map.j0 + map.jx * x + map.jy * y) * n2 + plan.start[2];
      const to = (a * p1 + b) * p2;
      for (let c = first; c < last; c++) {
        const v = (volume[from + c]! - shift) * scale;
        image[to + c] = Math.min(v, most);
      }
      if (classes) for (let c = first; c < last; c++) label![to + c] = classes[from + c]!;
    }
  }
  return { image, ...(label && { label }), shape: [...plan.patch], caseId: source.id };
}

/**
 * A weakly augmented random patch of a case: rot90 and flip in plane, min-max of the whole volume to [0, 1], brightness ×U(0.75, 1.25)
 * clipped, random crop, zero-padded where the volume is not larger than the patch (METHOD §6).
 */
export function weakPatch(source: PreparedCase, patch: Triple, rng: RandomStream, options: WeakOptions = {}): Patch {
  return applyWeakPlan(source, weakPlan(source.shape, patch, rng, options));
}
