import { CrlnError } from '@crln/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../kernelConfig.js';

/**
 * WGSL of the row of an array of sizes p.size0, p.size1, … that the k-th of `indices` [K, rank] says: `rowOf(k)`, which is `NOWHERE`
 * where an index is outside.
 */
export const rowOf = (rank: number): string => `
const NOWHERE = 0xffffffffu;
fn rowOf(k: u32) -> u32 {
  var row = 0u;
  for (var axis = 0u; axis < ${rank}u; axis++) {
    let size = array<u32, ${rank}>(${sizeNames(rank).map((name) => `p.${name}`)})[axis];
    let i = indices[k * ${rank}u + axis];
    if (i < 0 || u32(i) >= size) { return NOWHERE; }
    row = row * size + u32(i);
  }
  return row;
}`;

/** The names of the parameters of {@link rowOf}. */
export const sizeNames = (rank: number): string[] => Array.from({ length: rank }, (_, axis) => `size${axis}`);

/** Their values. */
export const sizeParams = (sizes: readonly number[]): Record<string, number> =>
  Object.fromEntries(sizes.map((size, axis) => [`size${axis}`, size]));

/**
 * Refuses an index outside 0 … size − 1 where the indices are known; those that are on the GPU are looked at there, where one outside
 * brings nothing. `sizes` go round.
 * @throws CrlnError `invalid-data`
 */
export function checkIndices(
  { known }: Pick<KernelCall<unknown, unknown>, 'known'>,
  kernel: string,
  indices: TensorInfo,
  sizes: readonly number[],
  { name = 'indices', least = 0 } = {},
): void {
  const values = known(indices);
  if (!values) return;
  for (let k = 0; k < values.length; k++) {
    const [index, size] = [values[k]!, sizes[k % sizes.length]!];
    if (index >= least && index < size) continue;
    throw new CrlnError('invalid-data', `${kernel}: ${name}[${k}] is ${index}, expected ${least} to ${size - 1}`, {
      index,
      size,
    });
  }
}
