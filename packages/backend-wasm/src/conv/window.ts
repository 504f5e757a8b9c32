import type { Triple } from '@crln/core';
import { engine } from '../engine.js';
import type { Purpose } from '../heap.js';
import type { Plan } from './plan.js';

/** A unit's padded source window stays near this many bytes, so that it lives in the outer cache. */
const WINDOW_BYTES = 1 << 20;
/** A unit's arithmetic: large enough that sharing it out costs nothing, small enough that threads finish together. */
const UNIT_PRODUCTS = 8e6;

/** A float32 array in the shared memory: [batch, …size, channels]. */
export interface Source {
  at: number;
  size: Triple;
  channels: number;
}

/** The source side of a plan, cut into items (a few grid planes of one sample) that threads share. */
export interface Window {
  /** Voxels of an item's window along D (of the largest item), H and W. */
  size: Triple;
  /** Grid planes an item, and items a sample. */
  planes: number;
  slabs: number;
  /** The job's first words, as assembly/window.ts reads them. */
  words: number[];
}

/** @param productsAPlane multiplications that a grid plane takes */
export function sourceWindow(plan: Plan, source: Source, productsAPlane: number, purpose: Purpose): Window {
  const { heap, threads } = engine();
  const { step, reach, count, low } = plan;
  const [depth, height, width] = source.size;
  const voxel = source.channels * 4;
  const span = (a: 0 | 1 | 2, points: number) => (points - 1) * step[a] + reach[a];
  const [h, w] = [span(1, count[1]), span(2, count[2])];
  const padded = low.some((l) => l !== 0) || h !== height || w !== width || span(0, count[0]) > depth;
  const fitting = padded ? Math.max(2, Math.floor((WINDOW_BYTES / (h * w * voxel) - reach[0]) / step[0])) : count[0];
  const planes = Math.max(1, Math.min(count[0], fitting, Math.ceil(UNIT_PRODUCTS / productsAPlane)));
  const size: Triple = [span(0, planes), h, w];
  const stride = padded ? Math.ceil((size[0] * h * w * voxel + 64) / 64) * 64 : 0;
  const scratch = padded ? heap.take(stride * threads, purpose) : 0;
  const slabs = Math.ceil(count[0] / planes);
  const words = [
    source.at,
    depth * height * width * voxel,
    depth,
    height,
    width,
    voxel,
    padded ? 1 : 0,
    scratch,
    stride,
  ];
  words.push(...low, step[0], reach[0], h, w, planes, slabs, count[0]);
  words.push(step[0] * h * w * voxel, step[1] * w * voxel, step[2] * voxel);
  return { size, planes, slabs, words };
}
