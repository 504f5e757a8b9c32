import { describe, expect, it } from 'vitest';
import { convGeometry, convInputShape, convOutputShape, expectConvShape, stockConvGeometry } from '../src/index.js';

describe('stockConvGeometry', () => {
  it('pads as TensorFlow.js does', () => {
    const of = (input: number[], size: number, strides: number, pad: 'same' | 'valid' | number) => {
      const { output, before } = stockConvGeometry('Conv3D', input, [size, size, size, 2, 3], { strides, pad });
      return [...output, ...before];
    };
    expect(of([1, 5, 6, 7, 2], 3, 1, 'same')).toEqual([5, 6, 7, 1, 1, 1]);
    expect(of([1, 5, 6, 7, 2], 3, 2, 'same')).toEqual([3, 3, 4, 1, 0, 1]);
    expect(of([1, 5, 6, 7, 2], 3, 2, 'valid')).toEqual([2, 2, 3, 0, 0, 0]);
    expect(of([1, 5, 6, 7, 2], 3, 2, 1)).toEqual([3, 3, 4, 1, 1, 1]);
    // A voxel is skipped before the first window where the length is even.
    expect(of([1, 5, 6, 7, 2], 1, 2, 'same')).toEqual([3, 3, 4, 0, -1, 0]);
  });

  it('takes a stride and a dilation for each axis', () => {
    const attrs = { strides: [1, 2, 3] as [number, number, number], dilations: 2, pad: 'same' as const };
    const g = stockConvGeometry('Conv3D', [2, 8, 8, 8, 2], [3, 3, 1, 2, 4], attrs);
    expect(g).toMatchObject({ before: [2, 1, -1], dilations: [2, 2, 2], strides: [1, 2, 3] });
    expect(convInputShape(g)).toEqual([2, 8, 8, 8, 2]);
    expect(convOutputShape(g)).toEqual([2, 8, 4, 3, 4]);
  });

  it('refuses a filter that does not fit', () => {
    expect(() => stockConvGeometry('Conv3D', [1, 2, 2, 2, 1], [3, 3, 3, 1, 1], { strides: 1, pad: 'valid' })).toThrow(
      /does not fit/,
    );
  });
});

describe('expectConvShape', () => {
  it('names the tensor and both shapes', () => {
    const zero: [number, number] = [0, 0];
    const attrs = { strides: [1, 1, 1], pads: [zero, zero, zero], dilations: [1, 1, 1] } as Parameters<
      typeof convGeometry
    >[3];
    const g = convGeometry('Conv3d', [1, 4, 4, 4, 2], [3, 3, 3, 2, 5], attrs);
    expect(() => expectConvShape(g, 'bias', { shape: [5] }, [5])).not.toThrow();
    expect(() => expectConvShape(g, 'bias', { shape: [4] }, [5])).toThrow('Conv3d: expected bias [5], got [4]');
  });

  it('is preceded by a check of the number of axes', () => {
    expect(() => stockConvGeometry('Conv3D', [4, 4, 4, 2], [3, 3, 3, 2, 5], { strides: 1, pad: 'same' })).toThrow(
      'Conv3D: expected input [N, D, H, W, Ci] with 5 axes, got [4,4,4,2]',
    );
  });
});
