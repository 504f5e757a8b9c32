import type { ConvAttrs } from '@crln/core';
import { convOutputSize, stream, type Triple } from '@crln/core';

/** Seeded values in −1 … 1; a long array repeats them with a prime period, which no shape of a test divides. */
export function randomArray(size: number, seed: number): Float32Array {
  const rng = stream(seed, 'wasm-test', 0, 0);
  const period = 65537;
  const values = Float32Array.from({ length: Math.min(size, period) }, () => rng.uniform() * 2 - 1);
  return size <= period ? values : Float32Array.from({ length: size }, (_, i) => values[i % period]!);
}

/** A 3×3×3 convolution whose output has its input's size. */
export const same: ConvAttrs = {
  strides: [1, 1, 1],
  pads: [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
  dilations: [1, 1, 1],
};

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** max|a − b| / max|b|. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(gap)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, gap);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference / Math.max(scale, 1e-30);
}

/** A float64 convolution by its definition, as three sums over the same (y voxel, tap, x voxel) triples. */
export class ReferenceConv {
  readonly output: Triple;

  constructor(
    readonly x: number[],
    readonly filter: number[],
    readonly attrs: ConvAttrs,
    readonly depthwise = false,
  ) {
    const { strides, pads, dilations } = attrs;
    this.output = convOutputSize(x.slice(1, 4) as Triple, filter.slice(0, 3) as Triple, strides, pads, dilations);
  }

  get yShape(): number[] {
    return [this.x[0]!, ...this.output, this.filter.at(-1)!];
  }

  forward(x: Float32Array, w: Float32Array, bias?: Float32Array): Float64Array {
    const y = new Float64Array(sizeOf(this.yShape));
    const channels = this.filter.at(-1)!;
    if (bias) for (let i = 0; i < y.length; i++) y[i] = bias[i % channels]!;
    this.#visit((yi, xi, wi, count) => {
      const value = x[xi]!;
      for (let k = 0; k < count; k++) y[yi + k]! += value * w[wi + k]!;
    });
    return y;
  }

  inputGrad(dy: Float32Array, w: Float32Array, bias?: Float32Array): Float64Array {
    const dx = new Float64Array(sizeOf(this.x));
    if (bias) for (let i = 0; i < dx.length; i++) dx[i] = bias[i % this.x[4]!]!;
    this.#visit((yi, xi, wi, count) => {
      let sum = 0;
      for (let k = 0; k < count; k++) sum += dy[yi + k]! * w[wi + k]!;
      dx[xi]! += sum;
    });
    return dx;
  }

  filterGrad(x: Float32Array, dy: Float32Array): Float64Array {
    const dw = new Float64Array(sizeOf(this.filter));
    this.#visit((yi, xi, wi, count) => {
      const value = x[xi]!;
      for (let k = 0; k < count; k++) dw[wi + k]! += value * dy[yi + k]!;
    });
    return dw;
  }

  /** Calls `use` with where y, x and w lie, for `count` neighbours in y and w: all output channels, or a depthwise convolution's one. */
  #visit(use: (yi: number, xi: number, wi: number, count: number) => void): void {
    const [N, D, H, W, Ci] = this.x as [number, number, number, number, number];
    const [kd, kh, kw] = this.filter as [number, number, number];
    const Co = this.filter.at(-1)!;
    const [od, oh, ow] = this.output;
    const { strides: s, pads, dilations: r } = this.attrs;
    for (let n = 0; n < N; n++)
      for (let d = 0; d < od; d++)
        for (let h = 0; h < oh; h++)
          for (let w = 0; w < ow; w++)
            for (let a = 0; a < kd; a++)
              for (let b = 0; b < kh; b++)
                for (let c = 0; c < kw; c++) {
                  const z = d * s[0] - pads[0][0] + a * r[0];
                  const y = h * s[1] - pads[1][0] + b * r[1];
                  const x = w * s[2] - pads[2][0] + c * r[2];
                  if (z < 0 || z >= D || y < 0 || y >= H || x < 0 || x >= W) continue;
                  const xAt = (((n * D + z) * H + y) * W + x) * Ci;
                  const yAt = (((n * od + d) * oh + h) * ow + w) * Co;
                  const wAt = ((a * kh + b) * kw + c) * Ci;
                  for (let i = 0; i < Ci; i++) {
                    if (this.depthwise) use(yAt + i, xAt + i, wAt + i, 1);
                    else use(yAt, xAt + i, (wAt + i) * Co, Co);
                  }
                }
  }
}
