import { multiplyAffines } from '../src/affine.js';

/** An affine that scales, turns about the three axes (degrees) and moves. */
export function rotationAffine(degrees: number[], zooms: number[], offset: number[]): number[] {
  const [a, b, c] = degrees.map((d) => (d * Math.PI) / 180) as [number, number, number];
  const x = [1, 0, 0, 0, 0, Math.cos(a), -Math.sin(a), 0, 0, Math.sin(a), Math.cos(a), 0, 0, 0, 0, 1];
  const y = [Math.cos(b), 0, Math.sin(b), 0, 0, 1, 0, 0, -Math.sin(b), 0, Math.cos(b), 0, 0, 0, 0, 1];
  const z = [
    Math.cos(c),
    -Math.sin(c),
    0,
    offset[0]!,
    Math.sin(c),
    Math.cos(c),
    0,
    offset[1]!,
    0,
    0,
    1,
    offset[2]!,
    0,
    0,
    0,
    1,
  ];
  const scale = [zooms[0]!, 0, 0, 0, 0, zooms[1]!, 0, 0, 0, 0, zooms[2]!, 0, 0, 0, 0, 1];
  return multiplyAffines(multiplyAffines(z, y), multiplyAffines(x, scale));
}
