import type { Triple } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { connectedComponents, largestComponent } from '../../src/metrics/components.js';

const shape: Triple = [2, 3, 3];
// Two pieces of class 1 that touch at an edge only; one voxel of class 2 away from a pair of class 2.
const labels = Uint8Array.of(1, 1, 0, 0, 0, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 2, 2, 0);

describe('connected components', () => {
  it('join over faces, or over edges and corners too', () => {
    expect(connectedComponents(labels, shape, { connectivity: 6, label: 1 }).sizes).toEqual([2, 2]);
    expect(connectedComponents(labels, shape, { connectivity: 26, label: 1 }).sizes).toEqual([4]);
    expect(connectedComponents(labels, shape, { connectivity: 6 }).sizes).toEqual([2, 2, 3]);
  });

  it('do not join across the ends of rows', () => {
    expect(connectedComponents(Uint8Array.of(0, 0, 1, 1, 0, 0), [1, 2, 3], { connectivity: 6 }).sizes).toEqual([1, 1]);
  });

  it('keep the largest of every class, the first of equals', () => {
    expect([...largestComponent(labels, shape, { connectivity: 6 })]).toEqual([
      1, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0,
    ]);
    expect(labels[5]).toBe(1);
  });

  it('take noise with very many components', () => {
    const size: Triple = [60, 60, 60];
    const dots = Uint8Array.from({ length: 216_000 }, (_, v) => (v % 2 ? 0 : 1));
    const out = largestComponent(dots, size, { connectivity: 6 });
    expect(out.reduce((a, b) => a + b, 0)).toBeGreaterThan(0);
    expect(() => connectedComponents(dots, size, { connectivity: 18 as 6 })).toThrow(/6 or 26/);
  });
});
