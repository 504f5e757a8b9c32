import { CrlnError } from './errors.js';

export type Triple = [number, number, number];
/** Voxels added before and after each of D, H, W. */
export type Pads3d = [[number, number], [number, number], [number, number]];
/** `'same'` and `'valid'` as TensorFlow defines them; a number or triple pads both sides as PyTorch does; or a pair per axis. */
export type Padding3d = 'same' | 'valid' | number | Triple | Pads3d;

/** A number stands for all three axes. */
export function triple(value: number | readonly number[], name = 'value'): Triple {
  const out = typeof value === 'number' ? [value, value, value] : [...value];
  if (out.length !== 3 || !out.every(Number.isInteger)) {
    throw new CrlnError('invalid-argument', `${name}: expected a whole number or three, got ${JSON.stringify(value)}`, {
      name,
      value,
    });
  }
  return out as Triple;
}

/** How far a dilated kernel of `size` taps reaches. */
export const dilatedSize = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** TensorFlow's 'same' and 'valid', PyTorch's numbers, or explicit pairs, as pairs. `input` is [D, H, W]. */
export function resolvePads(
  padding: Padding3d,
  input: Triple,
  kernel: Triple,
  strides: Triple,
  dilations: Triple,
): Pads3d {
  if (padding === 'valid')
    return [
      [0, 0],
      [0, 0],
      [0, 0],
    ];
  if (padding === 'same') {
    return [0, 1, 2].map((a) => {
      const reach = dilatedSize(kernel[a]!, dilations[a]!);
      const total = Math.max((Math.ceil(input[a]! / strides[a]!) - 1) * strides[a]! + reach - input[a]!, 0);
      return [total >> 1, total - (total >> 1)];
    }) as Pads3d;
  }
  if (typeof padding === 'number' || typeof padding[0] === 'number') {
    return triple(padding as number | Triple, 'padding').map((p) => [p, p]) as Pads3d;
  }
  return padding as Pads3d;
}

/** [D, H, W] of a convolution's output: ⌊(n + before + after − reach) / stride⌋ + 1 an axis. Throws where nothing is left. */
export function convOutputSize(
  input: Triple,
  kernel: Triple,
  strides: Triple,
  pads: Pads3d,
  dilations: Triple,
  name = 'conv3d',
): Triple {
  return [0, 1, 2].map((a) => {
    const span = input[a]! + pads[a]![0] + pads[a]![1] - dilatedSize(kernel[a]!, dilations[a]!);
    if (span < 0) {
      throw new CrlnError(
        'invalid-shape',
        `${name}: the kernel [${kernel}] with dilation [${dilations}] does not fit the padded input [${input}]`,
        { input, kernel, pads, dilations },
      );
    }
    return Math.floor(span / strides[a]!) + 1;
  }) as Triple;
}

/** [D, H, W] of a transposed convolution's output, PyTorch's rule: (n − 1)·stride − before − after + reach + outputPadding. */
export function convTransposeOutputSize(
  input: Triple,
  kernel: Triple,
  strides: Triple,
  pads: Pads3d,
  dilations: Triple,
  outputPadding: Triple,
): Triple {
  return [0, 1, 2].map(
    (a) =>
      (input[a]! - 1) * strides[a]! -
      pads[a]![0] -
      pads[a]![1] +
      dilatedSize(kernel[a]!, dilations[a]!) +
      outputPadding[a]!,
  ) as Triple;
}
