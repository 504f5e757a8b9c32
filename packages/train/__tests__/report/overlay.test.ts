import type { Triple } from '@crln/core';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { OUTLINES, overlayPng } from '../../src/report/overlay.js';

const shape: Triple = [8, 6, 4];
const spacing: Triple = [1, 1, 2];
const image = Float32Array.from({ length: 192 }, (_, v) => v);
const reference = Uint8Array.from({ length: 192 }, (_, v) => {
  const [i, j, k] = [Math.floor(v / 24), Math.floor(v / 4) % 6, v % 4];
  return i >= 2 && i < 6 && j >= 1 && j < 5 && k >= 1 && k < 3 ? 1 : 0;
});

/** How many pixels have a colour. */
function pixels(png: Uint8Array, colour: readonly number[]): number {
  const { data, channels } = decode(png);
  let count = 0;
  for (let at = 0; at < data.length; at += channels) {
    if (colour.every((value, c) => data[at + c] === value)) count++;
  }
  return count;
}

describe('overlayPng', () => {
  it('puts three planes side by side, in the proportions of the patient', () => {
    const { width, height } = decode(
      overlayPng({ image, prediction: reference, reference, shape, spacing }, { size: 80 }),
    );
    // 10 pixels a mm: (8 × 6), (8 × 8), (6 × 8) mm, and two gaps.
    expect([width, height]).toEqual([80 + 80 + 60 + 12, 80]);
  });

  it('shows both outlines, also where they agree, and no other where there is no reference', () => {
    const [blue, orange] = [OUTLINES[0].reference, OUTLINES[0].prediction];
    const same = overlayPng({ image, prediction: reference, reference, shape, spacing });
    expect(pixels(same, blue)).toBeGreaterThan(500);
    expect(pixels(same, orange)).toBeGreaterThan(500);
    const alone = overlayPng({ image, prediction: reference, shape, spacing });
    expect(pixels(alone, blue)).toBe(0);
    expect(pixels(alone, orange)).toBe(pixels(same, orange));
  });

  it('has a colour of its own for a second class, and takes empty labels and flat images', () => {
    const second = reference.map((v) => v * 2);
    expect(pixels(overlayPng({ image, prediction: second, shape, spacing }), OUTLINES[1].prediction)).toBeGreaterThan(
      0,
    );
    const empty = overlayPng({ image: new Float32Array(192), prediction: new Uint8Array(192), shape, spacing });
    expect(pixels(empty, [0, 0, 0])).toBeGreaterThan(0);
  });

  it('refuses volumes of another size', () => {
    expect(() => overlayPng({ image, prediction: new Uint8Array(3), shape, spacing })).toThrow(
      /prediction has 3 voxels/,
    );
  });
});
