import type { Triple } from '@crln/core';
import type { Purpose } from '../arena.js';
import type { Engine } from '../engine.js';
import type { Plan } from './plan.js';

/** Source and result of one slab together stay near this many bytes, so that they live in the outer cache and scratch stays small. */
const SLAB_BYTES = 8 << 20;

/** The source side of a plan cut into slabs along D: knows the window's size, and brings one slab's window into WebAssembly memory. */
export class SourceWindow {
  /** Voxels of the window along H and W, and along D for a slab of the largest size. */
  readonly size: Triple;
  /** Grid planes a slab. */
  readonly planes: number;
  readonly #padded: boolean;
  readonly #source: number;
  readonly #window: number;

  /**
   * @param source [D, H, W] of the source; @param channels floats a voxel
   * @param resultFloats floats of the result that one grid plane makes
   */
  constructor(
    readonly engine: Engine,
    readonly plan: Plan,
    readonly source: Triple,
    readonly channels: number,
    resultFloats: number,
    purpose: Purpose,
  ) {
    const { step, reach, count, low } = plan;
    const span = (a: 0 | 1 | 2, points: number) => (points - 1) * step[a] + reach[a];
    const plane = span(1, count[1]) * span(2, count[2]) * channels;
    const perGridPlane = 4 * (plane * step[0] + resultFloats);
    const fitting = Math.floor((SLAB_BYTES - 4 * plane * reach[0]) / perGridPlane);
    this.planes = Math.max(1, Math.min(count[0], fitting));
    this.size = [span(0, this.planes), span(1, count[1]), span(2, count[2])];
    this.#padded =
      low.some((l) => l !== 0) ||
      this.size[1] !== source[1] ||
      this.size[2] !== source[2] ||
      span(0, count[0]) > source[0];
    const rows = Math.min(this.size[0], source[0]);
    this.#source = engine.arena.take(rows * source[1] * source[2] * channels, purpose);
    this.#window = this.#padded
      ? engine.arena.take(this.size[0] * this.size[1] * this.size[2] * channels, purpose)
      : this.#source;
  }

  /** Copies what grid planes j0 … j1 − 1 read of `values` (which begin at the sample's first float); returns the window's place. */
  load(values: Float32Array, sample: number, j0: number, j1: number): number {
    const { engine, plan, source, channels } = this;
    const first = plan.low[0] + j0 * plan.step[0];
    const depth = (j1 - 1 - j0) * plan.step[0] + plan.reach[0];
    const from = Math.min(Math.max(first, 0), source[0]);
    const to = Math.max(from, Math.min(first + depth, source[0]));
    const plane = source[1] * source[2] * channels;
    const start = (sample * source[0] + from) * plane;
    engine.arena.floats.set(values.subarray(start, start + (to - from) * plane), this.#source >> 2);
    if (this.#padded) {
      const [, h, w] = this.size;
      const voxel = channels * 4;
      engine.kernels.pad(
        this.#source,
        this.#window,
        voxel,
        to - from,
        source[1],
        source[2],
        first - from,
        plan.low[1],
        plan.low[2],
        depth,
        h,
        w,
      );
    }
    return this.#window;
  }

  /** Bytes from one grid point to the next along D, H, W. */
  get strides(): Triple {
    const [d, h, w] = this.plan.step;
    const voxel = this.channels * 4;
    return [d * this.size[1] * this.size[2] * voxel, h * this.size[2] * voxel, w * voxel];
  }
}
