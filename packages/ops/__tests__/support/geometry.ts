import type { Padding3d, Pads3d, Triple } from '@crln/core';
import type { Geometry } from './convReference.js';

/** Pads and output size of a convolution, written down once more from TensorFlow's and PyTorch's documentation. */
export function expectedGeometry(
  input: Triple,
  kernel: Triple,
  strides: Triple,
  padding: Padding3d,
  dilations: Triple,
): Geometry & { output: Triple } {
  const pads = [0, 1, 2].map((a): [number, number] => {
    if (padding === 'valid') return [0, 0];
    if (typeof padding === 'number') return [padding, padding];
    if (padding !== 'same') {
      const given = padding[a] as number | [number, number];
      return typeof given === 'number' ? [given, given] : given;
    }
    const [n, k, s] = [
      input[a] as number,
      ((kernel[a] as number) - 1) * (dilations[a] as number) + 1,
      strides[a] as number,
    ];
    // TensorFlow: "if n mod s = 0, max(k − s, 0), else max(k − n mod s, 0)", the odd voxel after.
    const total = Math.max(n % s === 0 ? k - s : k - (n % s), 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }) as Pads3d;
  const output = input.map((n, a) => {
    const [before, after] = pads[a] as [number, number];
    return Math.floor((n + before + after - dilations[a]! * (kernel[a]! - 1) - 1) / strides[a]! + 1);
  }) as Triple;
  return { strides, pads, dilations, output };
}
