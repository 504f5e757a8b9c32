import { stream, type Triple } from '@crln/core';
import type { Case } from '../../src/types.js';
import { type Volume, volume } from '../../src/volume.js';

/** A scan with a ball of a label in it: what a protocol crops around. */
export function ballCase(
  shape: Triple,
  centre: Triple,
  radius: number,
  {
    value = 1,
    spacing = [1, 1, 1] as Triple,
    image = (n: number, inside: boolean): number => (n % 97) + (inside ? 100 : 0),
  } = {},
): Case & { label: Volume } {
  const size = shape[0] * shape[1] * shape[2];
  const voxels = new Int16Array(size);
  const label = new Uint8Array(size);
  const rng = stream(7, 'ball');
  let at = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++, at++) {
        const inside = Math.hypot(i - centre[0], j - centre[1], k - centre[2]) <= radius;
        if (inside) label[at] = value;
        voxels[at] = image(rng.integer(1000), inside);
      }
    }
  }
  const named = (data: Int16Array | Uint8Array, source: string): Volume => volume(data, shape, { spacing, source });
  return { id: 'ball', image: named(voxels, 'scan.nii'), label: named(label, 'label.nii') };
}

/** Mean and deviation in two plain passes. */
export function momentsOf(values: ArrayLike<number>): { mean: number; deviation: number } {
  const all = Array.from(values);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return { mean, deviation: Math.sqrt(all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length) };
}

/** How many values are that one. */
export function countOf(values: ArrayLike<number>, wanted: number): number {
  let count = 0;
  for (let n = 0; n < values.length; n++) if (values[n] === wanted) count++;
  return count;
}
