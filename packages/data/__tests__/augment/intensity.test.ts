import { stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { addNoise, brighten, minMax, valueRange } from '../../src/augment/intensity.js';

describe('intensity', () => {
  it('min-max maps to [0, 1] and a constant to 0', () => {
    const data = Float32Array.of(-2, 0, 6);
    minMax(data);
    expect([...data]).toEqual([0, 0.25, 1]);
    const flat = new Float32Array(4).fill(7);
    minMax(flat);
    expect([...flat]).toEqual([0, 0, 0, 0]);
    expect(valueRange([])).toEqual([0, 0]);
  });

  it('brightness clips only where asked', () => {
    const clipped = Float32Array.of(0.5, 1);
    brighten(clipped, 1.5, true);
    expect([...clipped]).toEqual([0.75, 1]);
    const free = Float32Array.of(-2, 2);
    brighten(free, 1.5, false);
    expect([...free]).toEqual([-3, 3]);
  });

  it('noise has the asked spread, is clipped, and comes from its stream alone', () => {
    const noise = new Float32Array(20_001);
    addNoise(noise, 0.1, 0.2, stream(1, 'noise'));
    const again = new Float32Array(20_001);
    addNoise(again, 0.1, 0.2, stream(1, 'noise'));
    expect(again).toEqual(noise);
    const mean = noise.reduce((a, b) => a + b) / noise.length;
    const sd = Math.sqrt(noise.reduce((a, b) => a + b * b, 0) / noise.length);
    expect(Math.abs(mean)).toBeLessThan(0.005);
    expect(sd).toBeCloseTo(0.0959, 2); // of a normal clipped at two sigma
    expect(Math.max(...noise)).toBeCloseTo(0.2, 6);
    expect(Math.min(...noise)).toBeCloseTo(-0.2, 6);
  });
});
