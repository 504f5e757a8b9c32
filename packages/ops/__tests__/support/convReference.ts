import type { Pads3d, Triple } from '@crln/core';
import { sizeOf, type Values } from './gradcheck.js';

export interface Geometry {
  strides: Triple;
  pads: Pads3d;
  dilations: Triple;
}

/** Calls `visit(small, large, filter)` with the flat voxel indices (no channels) of every product that a convolution sums. */
function eachProduct(
  large: readonly number[],
  small: readonly number[],
  kernel: readonly number[],
  { strides, pads, dilations }: Geometry,
  visit: (small: number, large: number, tap: number) => void,
): void {
  const [batch, D, H, W] = large as [number, number, number, number];
  const [, d, h, w] = small as [number, number, number, number];
  const [kd, kh, kw] = kernel as [number, number, number];
  const at = (p: number, t: number, a: 0 | 1 | 2) => p * strides[a] - pads[a][0] + t * dilations[a];
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < d; p++)
      for (let q = 0; q < h; q++)
        for (let r = 0; r < w; r++)
          for (let i = 0; i < kd; i++)
            for (let j = 0; j < kh; j++)
              for (let k = 0; k < kw; k++) {
                const [P, Q, R] = [at(p, i, 0), at(q, j, 1), at(r, k, 2)];
                if (P < 0 || Q < 0 || R < 0 || P >= D || Q >= H || R >= W) continue;
                visit(((n * d + p) * h + q) * w + r, ((n * D + P) * H + Q) * W + R, (i * kh + j) * kw + k);
              }
}

/** The three sums of a convolution: from two of (large volume, small volume, filter) the third. Filter [.., large channels, small channels]. */
export function convolution(large: Values, small: Values, filter: Values, geometry: Geometry) {
  const [L, S] = [large.shape[4] as number, small.shape[4] as number];
  const out = {
    small: new Float64Array(sizeOf(small.shape)),
    large: new Float64Array(sizeOf(large.shape)),
    filter: new Float64Array(sizeOf(filter.shape)),
  };
  eachProduct(large.shape, small.shape, filter.shape, geometry, (s, l, t) => {
    for (let i = 0; i < L; i++)
      for (let o = 0; o < S; o++) {
        const [a, b, c] = [s * S + o, l * L + i, (t * L + i) * S + o];
        out.small[a]! += large.data[b]! * filter.data[c]!;
        out.large[b]! += small.data[a]! * filter.data[c]!;
        out.filter[c]! += large.data[b]! * small.data[a]!;
      }
  });
  return out;
}

/** The same for a depthwise convolution, filter [kd, kh, kw, C]. */
export function depthwiseConvolution(large: Values, small: Values, filter: Values, geometry: Geometry) {
  const channels = large.shape[4] as number;
  const out = {
    small: new Float64Array(sizeOf(small.shape)),
    large: new Float64Array(sizeOf(large.shape)),
    filter: new Float64Array(sizeOf(filter.shape)),
  };
  eachProduct(large.shape, small.shape, filter.shape, geometry, (s, l, t) => {
    for (let c = 0; c < channels; c++) {
      const [a, b, k] = [s * channels + c, l * channels + c, t * channels + c];
      out.small[a]! += large.data[b]! * filter.data[k]!;
      out.large[b]! += small.data[a]! * filter.data[k]!;
      out.filter[k]! += large.data[b]! * small.data[a]!;
    }
  });
  return out;
}

/** Adds a value a channel. */
export const addBias = (y: Float64Array, bias: Values | undefined): Float64Array =>
  bias ? y.map((v, i) => v + bias.data[i % bias.data.length]!) : y;

/** Sums all values of a channel. */
export function sumChannels(y: ArrayLike<number>, channels: number): Float64Array {
  const out = new Float64Array(channels);
  for (let i = 0; i < y.length; i++) out[i % channels]! += y[i]!;
  return out;
}
