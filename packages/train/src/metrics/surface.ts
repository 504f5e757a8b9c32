import type { Triple } from '@crln/core';
import { checkMask, checkSpacing, squaredDistances } from './distanceTransform.js';

/** Where an object is within its volume. */
interface Box {
  begin: Triple;
  size: Triple;
}

/** Distances between two surfaces, in the units of the spacing, one per surface voxel. */
export interface SurfaceDistances {
  /** From every surface voxel of the prediction to the nearest of the reference. */
  toReference: Float64Array;
  /** From every surface voxel of the reference to the nearest of the prediction. */
  toPrediction: Float64Array;
}

/**
 * The surface of an object: its voxels with at least one of the 6 face neighbours not in it, so object minus its 6-neighbour
 * erosion. What is beyond the volume is not in the object, as in `scipy.ndimage.binary_erosion` (`border_value=0`).
 *
 * @param mask non-zero = in the object, C order
 * @returns 1 on the surface, 0 elsewhere
 * @throws CrlnError `invalid-shape`
 */
export function surface(mask: ArrayLike<number>, shape: Readonly<Triple>): Uint8Array {
  checkMask('mask', mask, shape);
  const [n0, n1, n2] = shape;
  const out = new Uint8Array(mask.length);
  let v = 0;
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      for (let k = 0; k < n2; k++, v++) {
        if (!mask[v]) continue;
        const inside =
          i > 0 &&
          i < n0 - 1 &&
          j > 0 &&
          j < n1 - 1 &&
          k > 0 &&
          k < n2 - 1 &&
          mask[v - 1] &&
          mask[v + 1] &&
          mask[v - n2] &&
          mask[v + n2] &&
          mask[v - n1 * n2] &&
          mask[v + n1 * n2];
        if (!inside) out[v] = 1;
      }
    }
  }
  return out;
}

/**
 * Distances between the surfaces of two objects, by the exact Euclidean distance transform of each.
 *
 * @param prediction labels, C order; `label` (or any non-zero value, where it is undefined) is the object
 * @param spacings several may be given; the work that does not depend on them is shared
 * @returns one result a spacing; undefined where one of the objects is empty
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export function surfaceDistances(
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  shape: Readonly<Triple>,
  spacings: readonly Readonly<Triple>[],
  label?: number,
): SurfaceDistances[] | undefined {
  checkMask('prediction', prediction, shape);
  checkMask('reference', reference, shape);
  spacings.forEach(checkSpacing);
  // All surface voxels lie in the box around both objects, so distances within it are the distances.
  const box = boundingBox([prediction, reference], shape, label);
  if (!box) return undefined;
  const ours = surface(cut(prediction, shape, box, label), box.size);
  const theirs = surface(cut(reference, shape, box, label), box.size);
  const [atOurs, atTheirs] = [indices(ours), indices(theirs)];
  if (atOurs.length === 0 || atTheirs.length === 0) return undefined;
  const read = (to: Uint8Array, at: Int32Array, spacing: Readonly<Triple>) => {
    const squares = squaredDistances(to, box.size, spacing);
    return Float64Array.from(at, (v) => Math.sqrt(squares[v]!));
  };
  const done: { spacing: Readonly<Triple>; distances: SurfaceDistances }[] = [];
  for (const spacing of spacings) {
    // Distances on a grid that is only scaled need no second transform.
    const like = done.find((other) => ratio(spacing, other.spacing) !== undefined);
    const factor = like && ratio(spacing, like.spacing);
    const distances =
      like && factor !== undefined
        ? {
            toReference: like.distances.toReference.map((d) => d * factor),
            toPrediction: like.distances.toPrediction.map((d) => d * factor),
          }
        : { toReference: read(theirs, atOurs, spacing), toPrediction: read(ours, atTheirs, spacing) };
    done.push({ spacing, distances });
  }
  return done.map(({ distances }) => distances);
}

/** By what factor one spacing is another, where it is. */
function ratio(a: Readonly<Triple>, b: Readonly<Triple>): number | undefined {
  const factor = a[0] / b[0];
  return a[1] === factor * b[1] && a[2] === factor * b[2] ? factor : undefined;
}

/** The smallest box around all voxels of the object in any of the volumes. */
function boundingBox(volumes: ArrayLike<number>[], shape: Readonly<Triple>, label?: number): Box | undefined {
  const [n0, n1, n2] = shape;
  const low: Triple = [n0, n1, n2];
  const high: Triple = [-1, -1, -1];
  for (const volume of volumes) {
    for (let i = 0, v = 0; i < n0; i++) {
      for (let j = 0; j < n1; j++) {
        for (let k = 0; k < n2; k++, v++) {
          if (label === undefined ? !volume[v] : volume[v] !== label) continue;
          low[0] = Math.min(low[0], i);
          low[1] = Math.min(low[1], j);
          low[2] = Math.min(low[2], k);
          high[0] = Math.max(high[0], i);
          high[1] = Math.max(high[1], j);
          high[2] = Math.max(high[2], k);
        }
      }
    }
  }
  if (high[0] < 0) return undefined;
  return { begin: low, size: [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1] };
}

/** The object within the box, as 1 and 0. */
function cut(volume: ArrayLike<number>, shape: Readonly<Triple>, { begin, size }: Box, label?: number): Uint8Array {
  const out = new Uint8Array(size[0] * size[1] * size[2]);
  let at = 0;
  for (let i = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      const row = ((begin[0] + i) * shape[1] + begin[1] + j) * shape[2] + begin[2];
      for (let k = 0; k < size[2]; k++, at++) {
        const value = volume[row + k]!;
        out[at] = (label === undefined ? value : value === label) ? 1 : 0;
      }
    }
  }
  return out;
}

function indices(mask: Uint8Array): Int32Array {
  let count = 0;
  for (let v = 0; v < mask.length; v++) count += mask[v]!;
  const out = new Int32Array(count);
  for (let v = 0, at = 0; v < mask.length; v++) if (mask[v]) out[at++] = v;
  return out;
}
