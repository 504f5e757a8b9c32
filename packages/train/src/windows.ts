import { CrlnError, type Triple, triple } from '@crln/core';

type PerAxis<T> = [T, T, T];

/** Standard deviation of the gaussian weights, as a fraction of the window's side. */
const SIGMA = 0.125;
/** Keeps the weight at a window's corner, a product of three, within float32. */
const LEAST_WEIGHT = 1e-3;

/**
 * Where windows start along each axis: min(i·stride, n − roi), without repeats, from the first to the one that reaches the end. Where
 * the volume is shorter than the window, one start, negative: −⌊(roi − n)/2⌋.
 *
 * @param options `stride` in voxels; or `overlap`, which gives stride = max(1, ⌊roi·(1 − overlap)⌋), 0.25 by default
 * @throws CrlnError `invalid-option`
 */
export function windowStarts(
  size: Readonly<Triple>,
  roi: Readonly<Triple>,
  options: { stride?: number | Readonly<Triple>; overlap?: number } = {},
): PerAxis<number[]> {
  const refuse = (option: string, rule: string, value: unknown) =>
    new CrlnError('invalid-option', `sliding window: ${option} must be ${rule}, got ${String(value)}`, {
      option,
      value,
    });
  if (!roi.every((n) => n >= 1)) throw refuse('roiSize', 'at least 1', roi);
  const { overlap = 0.25 } = options;
  if (options.stride !== undefined && options.overlap !== undefined) {
    throw refuse('stride', 'absent where overlap is given', options.stride);
  }
  if (!(overlap >= 0 && overlap < 1)) throw refuse('overlap', 'from 0 to below 1', overlap);
  const stride =
    options.stride === undefined
      ? roi.map((n) => Math.max(1, Math.floor(n * (1 - overlap))))
      : triple(options.stride, 'stride');
  if (!stride.every((step, a) => step >= 1 && step <= roi[a]!)) {
    throw refuse('stride', `from 1 to the window's side [${roi}]`, stride);
  }
  return [0, 1, 2].map((a) => axisStarts(size[a]!, roi[a]!, stride[a]!)) as PerAxis<number[]>;
}

function axisStarts(n: number, roi: number, stride: number): number[] {
  if (n <= roi) return [0 - Math.floor((roi - n) / 2)];
  const count = Math.ceil((n - roi) / stride) + 1;
  return Array.from({ length: count }, (_, i) => Math.min(i * stride, n - roi));
}

/**
 * Weights along each axis: of a window's voxels, and summed over all windows at each voxel of the volume. The weight of a voxel is
 * the product over the axes; since windows are all combinations of starts, so is the sum.
 *
 * `gaussian`: exp(−½((x − (roi − 1)/2) / (roi/8))²), at least 10⁻³ an axis.
 */
export function windowWeights(
  size: Readonly<Triple>,
  roi: Readonly<Triple>,
  starts: PerAxis<number[]>,
  mode: 'constant' | 'gaussian',
): { window: PerAxis<Float64Array>; sum: PerAxis<Float64Array> } {
  if (mode !== 'constant' && mode !== 'gaussian') {
    throw new CrlnError(
      'invalid-option',
      `sliding window: mode must be 'constant' or 'gaussian', got '${String(mode)}'`,
      {
        option: 'mode',
        value: mode,
      },
    );
  }
  const window = roi.map((n) =>
    Float64Array.from({ length: n }, (_, x) => {
      const z = (x - (n - 1) / 2) / (SIGMA * n);
      return mode === 'constant' ? 1 : Math.max(Math.exp(-0.5 * z * z), LEAST_WEIGHT);
    }),
  ) as PerAxis<Float64Array>;
  const sum = size.map((n, a) => {
    const total = new Float64Array(n);
    for (const start of starts[a]!) {
      for (let x = Math.max(start, 0); x < Math.min(start + roi[a]!, n); x++) total[x]! += window[a]![x - start]!;
    }
    return total;
  }) as PerAxis<Float64Array>;
  return { window, sum };
}
