import { readFileSync } from 'node:fs';
import type { Triple } from '@crln/core';
import { expect } from 'vitest';
import type { Interpolation, Outside } from '../../src/index.js';

/** An array in `values.bin`. */
export interface Stored {
  shape: number[];
  offset: number;
}

interface Cases {
  affine: {
    rotation: Triple;
    scale: Triple;
    shear: Triple;
    translation: Triple;
    spacing: Triple;
    image: Stored;
    label: Stored;
    expected: { outside: Outside; interpolation: Interpolation; image: Stored; label?: Stored }[];
  }[];
  zoom: { image: Stored; bspline: Stored; linear: Stored }[];
  spline: { samples: Stored; mirror: Stored; reflect: Stored }[];
  blur: { sigma: Triple; image: Stored; expected: Stored }[];
  percentile: { values: Stored; points: number[]; linear: number[]; 'inverted-cdf': number[] }[];
  rearrange: {
    input: Stored;
    rot90: { k: 0 | 1 | 2 | 3; plane: [number, number]; expected: Stored }[];
    flip: { axes: number[]; expected: Stored }[];
    pad: { width: [number, number][]; value: number; expected: { outside: Outside; expected: Stored }[] };
  };
}

const folder = new URL('../golden/transforms/', import.meta.url);
const bytes = readFileSync(new URL('values.bin', folder));
const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));

/** What SciPy and NumPy say: see `scripts/golden/transforms.py`. */
export const cases = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as Cases;

export const arrayOf = ({ shape, offset }: Stored): Float32Array =>
  floats.slice(offset, offset + shape.reduce((a, b) => a * b, 1));

/** Every value within 1e-5 of the largest there is. */
export function expectClose(got: ArrayLike<number>, wanted: Float32Array): void {
  expect(got.length).toBe(wanted.length);
  const largest = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let worst = 0;
  wanted.forEach((x, n) => {
    worst = Math.max(worst, Math.abs(x - got[n]!));
  });
  expect(worst).toBeLessThanOrEqual(1e-5 * largest);
}
