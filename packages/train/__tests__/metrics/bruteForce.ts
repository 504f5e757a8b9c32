import type { Triple } from '@crln/core';

/** Metrics the slow way, in float64: every pair of voxels, from the definitions. */
const voxelsOf = (mask: ArrayLike<number>, [, n1, n2]: Readonly<Triple>): Triple[] =>
  Array.from(mask, (value, v): [number, Triple] => [
    value,
    [Math.floor(v / (n1 * n2)), Math.floor(v / n2) % n1, v % n2],
  ])
    .filter(([value]) => value !== 0)
    .map(([, at]) => at);

const squaredDistance = (a: Triple, b: Triple, spacing: Readonly<Triple>): number =>
  a.reduce((sum, value, axis) => sum + ((value - b[axis]!) * spacing[axis]!) ** 2, 0);

export function slowSquaredDistances(mask: ArrayLike<number>, shape: Triple, spacing: Triple): number[] {
  const set = voxelsOf(mask, shape);
  const all = voxelsOf(new Uint8Array(mask.length).fill(1), shape);
  return all.map((q) =>
    set.reduce((least, p) => Math.min(least, squaredDistance(p, q, spacing)), Number.POSITIVE_INFINITY),
  );
}

/** Voxels of the object with a face neighbour that is not in it. */
export function slowSurface(mask: ArrayLike<number>, shape: Triple): Triple[] {
  const inside = new Set(voxelsOf(mask, shape).map(String));
  return voxelsOf(mask, shape).filter(([i, j, k]) =>
    [
      [i - 1, j, k],
      [i + 1, j, k],
      [i, j - 1, k],
      [i, j + 1, k],
      [i, j, k - 1],
      [i, j, k + 1],
    ].some((next) => !inside.has(String(next))),
  );
}

export function slowSurfaceMetrics(prediction: Uint8Array, reference: Uint8Array, shape: Triple, spacing: Triple) {
  const [ours, theirs] = [slowSurface(prediction, shape), slowSurface(reference, shape)];
  const directed = (from: Triple[], to: Triple[]) =>
    from.map((p) =>
      Math.sqrt(to.reduce((least, q) => Math.min(least, squaredDistance(p, q, spacing)), Number.POSITIVE_INFINITY)),
    );
  const [there, back] = [directed(ours, theirs), directed(theirs, ours)];
  const sorted = [...there, ...back].sort((a, b) => a - b);
  const at = (sorted.length - 1) * 0.95;
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  return {
    hd95: low * (1 - (at % 1)) + high * (at % 1),
    asd: mean(there),
    assd: (mean(there) + mean(back)) / 2,
  };
}
