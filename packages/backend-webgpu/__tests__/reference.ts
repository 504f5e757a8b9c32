import { type ConvAttrs, convOutputSize, type Triple } from '@crln/core';
import { sizeOf } from './harness.js';

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
    this.#visit((yi, xi, wi) => {
      y[yi]! += x[xi]! * w[wi]!;
    });
    return y;
  }

  inputGrad(dy: Float32Array, w: Float32Array, bias?: Float32Array): Float64Array {
    const dx = new Float64Array(sizeOf(this.x));
    if (bias) for (let i = 0; i < dx.length; i++) dx[i] = bias[i % this.x[4]!]!;
    this.#visit((yi, xi, wi) => {
      dx[xi]! += dy[yi]! * w[wi]!;
    });
    return dx;
  }

  filterGrad(x: Float32Array, dy: Float32Array): Float64Array {
    const dw = new Float64Array(sizeOf(this.filter));
    this.#visit((yi, xi, wi) => {
      dw[wi]! += x[xi]! * dy[yi]!;
    });
    return dw;
  }

  #visit(use: (yi: number, xi: number, wi: number) => void): void {
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
                  const wAt = (a * kh + b) * kw + c;
                  if (this.depthwise) for (let i = 0; i < Ci; i++) use(yAt + i, xAt + i, wAt * Ci + i);
                  else
                    for (let i = 0; i < Ci; i++)
                      for (let o = 0; o < Co; o++) use(yAt + o, xAt + i, (wAt * Ci + i) * Co + o);
                }
  }
}
