import { stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { blur, smoothField } from '../../src/phantom/field.js';

describe('smoothField', () => {
  it('has variance near one over many draws', () => {
    let sum = 0;
    let n = 0;
    for (let s = 0; s < 40; s++) {
      for (const v of smoothField(stream(s, 'test'), [6, 5, 7], [6, 6, 6])) {
        sum += v * v;
        n++;
      }
    }
    expect(sum / n).toBeGreaterThan(0.75);
    expect(sum / n).toBeLessThan(1.3);
  });
});

describe('blur', () => {
  it('keeps a constant and the sum of a point in the middle', () => {
    const flat = new Float32Array(5 * 4 * 3).fill(2);
    blur(flat, [5, 4, 3], [1, 0.5, 0.7]);
    for (const v of flat) expect(v).toBeCloseTo(2, 5);
    const point = new Float32Array(11 * 11 * 11);
    point[5 * 121 + 5 * 11 + 5] = 1;
    blur(point, [11, 11, 11], [1, 1, 1]);
    expect(point.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(point[5 * 121 + 5 * 11 + 5]!).toBeLessThan(0.1);
  });
});
