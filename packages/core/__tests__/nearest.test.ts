import { describe, expect, it } from 'vitest';
import { nearest } from '../src/nearest.js';

describe('nearest', () => {
  it('finds what was meant, in whatever case', () => {
    expect(nearest('iteratoins', ['labelled', 'iterations', 'patch'])).toBe('iterations');
    expect(nearest('EVAL', ['seed', 'eval-every'])).toBe('seed');
    expect(nearest('x', [])).toBeUndefined();
    expect(nearest('Patch', ['batch', 'patch'])).toBe('patch');
  });
});
