import { CrlnError, type Triple } from '@crln/core';

/**
 * Exact squared Euclidean distance from every voxel to the nearest set voxel:
 * d²(q) = min over set p of Σ_a (spacing_a · (q_a − p_a))².
 *
 * Separable: along the last axis by two sweeps, along the others as the lower envelope of parabolas (Felzenszwalb and
 * Huttenlocher, *Theory of Computing* 2012). Time and memory grow with the number of voxels. With spacing 1 every value is a
 * whole number, without rounding.
 *
 * @param mask non-zero = set, C order, `shape[0]·shape[1]·shape[2]` values
 * @param spacing length of a voxel's side along each axis
 * @returns d² in squared units of `spacing`; Infinity everywhere where nothing is set
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export function squaredDistances(
  mask: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacing: Readonly<Triple> = [1, 1, 1],
): Float64Array {
  checkMask('mask', mask, shape);
  checkSpacing(spacing);
  const [n0, n1, n2] = shape;
  const out = new Float64Array(mask.length);
  alongRows(mask, out, n2, spacing[2]);
  const envelope = lowerEnvelope(Math.max(n0, n1));
  for (let i = 0; i < n0; i++) {
    for (let k = 0; k < n2; k++) envelope(out, i * n1 * n2 + k, n2, n1, spacing[1]);
  }
  for (let jk = 0; jk < n1 * n2; jk++) envelope(out, jk, n1 * n2, n0, spacing[0]);
  return out;
}

/** @throws CrlnError `invalid-shape` naming the volume */
export function checkMask(name: string, mask: ArrayLike<number>, shape: Readonly<Triple>): void {
  const valid = shape.length === 3 && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!valid || mask.length !== shape[0] * shape[1] * shape[2]) {
    throw new CrlnError('invalid-shape', `${name} has ${mask.length} voxels, expected [D, H, W] = [${shape}]`, {
      name,
      voxels: mask.length,
      shape,
    });
  }
}

/** @throws CrlnError `invalid-argument` */
export function checkSpacing(spacing: Readonly<Triple>): void {
  if (spacing.length !== 3 || !spacing.every((s) => Number.isFinite(s) && s > 0)) {
    throw new CrlnError('invalid-argument', `spacing must be three lengths > 0, got [${spacing}]`, { spacing });
  }
}

/** Squared distance to the nearest set voxel of the same row of the last axis. */
function alongRows(mask: ArrayLike<number>, out: Float64Array, n: number, spacing: number): void {
  for (let row = 0; row < out.length; row += n) {
    let distance = Number.POSITIVE_INFINITY;
    for (let k = 0; k < n; k++) {
      distance = mask[row + k] ? 0 : distance + 1;
      out[row + k] = distance;
    }
    distance = Number.POSITIVE_INFINITY;
    for (let k = n - 1; k >= 0; k--) {
      distance = mask[row + k] ? 0 : distance + 1;
      const nearest = Math.min(distance, out[row + k]!) * spacing;
      out[row + k] = nearest * nearest;
    }
  }
}

/** A function that replaces f by min over p of f(p) + (spacing·(q − p))², in place, on one line of up to `size` voxels. */
function lowerEnvelope(size: number) {
  const line = new Float64Array(size);
  // The parabolas of the envelope: where their vertices are, and from where on each is the lowest.
  const vertex = new Int32Array(size);
  const from = new Float64Array(size + 1);
  return (f: Float64Array, start: number, stride: number, n: number, spacing: number): void => {
    const square = spacing * spacing;
    let last = -1;
    for (let q = 0, at = start; q < n; q++, at += stride) {
      const height = f[at]!;
      line[q] = height;
      if (height === Number.POSITIVE_INFINITY) continue;
      let crossing = Number.NEGATIVE_INFINITY;
      while (last >= 0) {
        const p = vertex[last]!;
        crossing = ((height - line[p]!) / square + q * q - p * p) / (2 * (q - p));
        if (crossing > from[last]!) break;
        last--;
      }
      if (last < 0) crossing = Number.NEGATIVE_INFINITY;
      last++;
      vertex[last] = q;
      from[last] = crossing;
    }
    if (last < 0) return;
    from[last + 1] = Number.POSITIVE_INFINITY;
    for (let q = 0, at = start, i = 0; q < n; q++, at += stride) {
      while (from[i + 1]! < q) i++;
      const offset = (q - vertex[i]!) * spacing;
      f[at] = line[vertex[i]!]! + offset * offset;
    }
  };
}
