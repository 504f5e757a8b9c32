import { CrlnError, type Triple } from '@crln/core';
import { checkMask } from './distanceTransform.js';

/** Which voxels touch: those sharing a face (6), or a face, an edge or a corner (26). */
export type Connectivity = 6 | 26;

export interface Components {
  /** 0 = not set, else the component's number, from 1 in the order of first voxels. */
  labels: Int32Array;
  /** Voxels of each component; `sizes[0]` is component 1. */
  sizes: number[];
}

/**
 * Connected components of the set voxels.
 *
 * @param mask non-zero = set; where `label` is given, equal to it = set
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export function connectedComponents(
  mask: ArrayLike<number>,
  shape: Readonly<Triple>,
  { connectivity = 26, label }: { connectivity?: Connectivity; label?: number } = {},
): Components {
  checkMask('mask', mask, shape);
  if (connectivity !== 6 && connectivity !== 26) {
    throw new CrlnError('invalid-argument', `connectivity must be 6 or 26, got ${String(connectivity)}`, {
      connectivity,
    });
  }
  const [n0, n1, n2] = shape;
  const isSet = (v: number): boolean => (label === undefined ? mask[v] !== 0 : mask[v] === label);
  const steps = neighbours(connectivity);
  const labels = new Int32Array(mask.length);
  const sizes: number[] = [];
  const queue: number[] = [];
  for (let first = 0; first < mask.length; first++) {
    if (labels[first] !== 0 || !isSet(first)) continue;
    const component = sizes.length + 1;
    let size = 0;
    labels[first] = component;
    queue.push(first);
    while (queue.length > 0) {
      const v = queue.pop() as number;
      size++;
      const k = v % n2;
      const j = Math.floor(v / n2) % n1;
      const i = Math.floor(v / (n1 * n2));
      for (const [di, dj, dk] of steps) {
        if (i + di < 0 || i + di >= n0 || j + dj < 0 || j + dj >= n1 || k + dk < 0 || k + dk >= n2) continue;
        const next = v + (di * n1 + dj) * n2 + dk;
        if (labels[next] !== 0 || !isSet(next)) continue;
        labels[next] = component;
        queue.push(next);
      }
    }
    sizes.push(size);
  }
  return { labels, sizes };
}

/**
 * Keeps the largest connected component of every foreground class (the first of equals), and makes the rest background. A
 * common step after prediction that published tables mostly leave out: say so where it is used.
 *
 * @param labels class indices, C order; not changed
 * @returns a copy of the same kind
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 */
export function largestComponent<T extends Uint8Array | Int32Array>(
  labels: T,
  shape: Readonly<Triple>,
  options: { connectivity?: Connectivity } = {},
): T {
  checkMask('labels', labels, shape);
  const out = labels.slice() as T;
  for (const label of new Set(labels)) {
    if (label === 0) continue;
    const { labels: component, sizes } = connectedComponents(labels, shape, { ...options, label });
    const largest = sizes.reduce((best, size, c) => (size > sizes[best]! ? c : best), 0) + 1;
    for (let v = 0; v < out.length; v++) if (component[v] !== 0 && component[v] !== largest) out[v] = 0;
  }
  return out;
}

function neighbours(connectivity: Connectivity): Triple[] {
  const around = [-1, 0, 1];
  const all = around.flatMap((i) => around.flatMap((j) => around.map((k): Triple => [i, j, k])));
  const reach = connectivity === 6 ? 1 : 3;
  return all.filter((step) => {
    const length = step.reduce((sum, d) => sum + Math.abs(d), 0);
    return length > 0 && length <= reach;
  });
}
