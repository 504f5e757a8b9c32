import type { Values } from './gradcheck.js';

/** Mean and biased variance of each (group, channel), two passes in float64; x viewed as [groups, voxels, channels]. */
export function statistics(x: Values, groups: number): { mean: Float64Array; variance: Float64Array } {
  const channels = x.shape[x.shape.length - 1]!;
  const voxels = x.data.length / groups / channels;
  const slot = (i: number) => Math.floor(i / (voxels * channels)) * channels + (i % channels);
  const mean = new Float64Array(groups * channels);
  const variance = new Float64Array(groups * channels);
  x.data.forEach((v, i) => {
    mean[slot(i)]! += v / voxels;
  });
  x.data.forEach((v, i) => {
    variance[slot(i)]! += (v - mean[slot(i)]!) ** 2 / voxels;
  });
  return { mean, variance };
}

/** (x − mean) / √(variance + ε) · γ + β, then ReLU where asked. */
export function normalised(
  x: Values,
  { mean, variance }: { mean: Float64Array; variance: Float64Array },
  options: { gamma?: Values | undefined; beta?: Values | undefined; epsilon: number; relu?: boolean },
): Float64Array {
  const channels = x.shape[x.shape.length - 1]!;
  const perGroup = x.data.length / (mean.length / channels);
  return x.data.map((v, i) => {
    const [c, s] = [i % channels, Math.floor(i / perGroup) * channels + (i % channels)];
    const y =
      ((v - mean[s]!) / Math.sqrt(variance[s]! + options.epsilon)) * (options.gamma?.data[c] ?? 1) +
      (options.beta?.data[c] ?? 0);
    return options.relu ? Math.max(y, 0) : y;
  });
}
