import type { RandomStream, Triple } from '@crln/core';

/**
 * A smooth random field over a grid: uniform cubic B-splines through normal coefficients on `control` knots an axis, divided by
 * its standard deviation. The coefficients do not depend on `shape`: another shape samples the same field.
 */
export function smoothField(rng: RandomStream, shape: Triple, control: Triple): Float32Array {
  let field = rng.normals(control[0] * control[1] * control[2]);
  let size: Triple = [...control];
  for (let axis = 0; axis < 3; axis++) {
    field = upsample(field, size, axis, shape[axis]!);
    size = size.with(axis, shape[axis]!) as Triple;
  }
  // The variance of a sum of B-spline weights is .479 an axis on average over positions between knots.
  const scale = 1 / Math.sqrt(0.479 ** 3);
  for (let i = 0; i < field.length; i++) field[i]! *= scale;
  return field;
}

/** One axis from `size[axis]` coefficients to `target` samples. */
function upsample(source: Float32Array, size: Triple, axis: number, target: number): Float32Array {
  const outer = size.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = size.slice(axis + 1).reduce((a, b) => a * b, 1);
  const knots = size[axis]!;
  const out = new Float32Array(outer * target * inner);
  for (let i = 0; i < target; i++) {
    // Knots 1 … knots − 2 span the axis, so that four are always at hand.
    const at = 1 + ((i + 0.5) / target) * (knots - 3);
    const base = Math.min(Math.floor(at), knots - 3);
    const t = at - base;
    const weights = [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t * t + 4) / 6,
      (-3 * t ** 3 + 3 * t * t + 3 * t + 1) / 6,
      t ** 3 / 6,
    ];
    for (let o = 0; o < outer; o++) {
      for (let tap = 0; tap < 4; tap++) {
        const from = (o * knots + base - 1 + tap) * inner;
        const to = (o * target + i) * inner;
        for (let n = 0; n < inner; n++) out[to + n]! += weights[tap]! * source[from + n]!;
      }
    }
  }
  return out;
}

/** Gaussian blur in place, `sigma` in voxels an axis; the edge voxel is repeated outside. */
export function blur(data: Float32Array, shape: Triple, sigma: Triple): void {
  for (let axis = 0; axis < 3; axis++) {
    const s = sigma[axis]!;
    if (s < 1e-3) continue;
    const reach = Math.max(1, Math.ceil(2.5 * s));
    const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * s * s)));
    const total = weights.reduce((a, b) => a + b, 0);
    const n = shape[axis]!;
    const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const line = new Float64Array(n);
    for (let start = 0; start < data.length; start++) {
      if (Math.floor(start / stride) % n !== 0) continue;
      for (let i = 0; i < n; i++) line[i] = data[start + i * stride]!;
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let w = -reach; w <= reach; w++) {
          const j = i + w;
          sum += weights[w + reach]! * line[j < 0 ? 0 : j >= n ? n - 1 : j]!;
        }
        data[start + i * stride] = sum / total;
      }
    }
  }
}
