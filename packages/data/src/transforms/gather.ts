import type { Triple } from '@crln/core';
import { foldPosition, type Outside } from '../boundary.js';
import { voxelsOf } from './sample.js';

/** Voxel index of the input that shows at each of `size` outputs from input index `start` on; −1 = the constant outside. */
export function axisMap(n: number, start: number, size: number, outside: Outside): Int32Array {
  const map = new Int32Array(size);
  for (let t = 0; t < size; t++) {
    const at = start + t;
    map[t] = at >= 0 && at < n ? at : outside === 'constant' ? -1 : foldPosition(at, n, outside);
  }
  return map;
}

/** out[i, j, k] = data[maps[0][i], maps[1][j], maps[2][k]], or `value` where one of the three is −1. */
export function gatherAxes<T extends Float32Array | Uint8Array>(
  data: T,
  shape: Triple,
  maps: readonly Int32Array[],
  value: number,
): T {
  const [rows, columns, line] = maps as [Int32Array, Int32Array, Int32Array];
  const size: Triple = [rows.length, columns.length, line.length];
  const out = new (data.constructor as new (length: number) => T)(voxelsOf(size));
  if (value !== 0) out.fill(value);
  for (let i = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      if (rows[i]! < 0 || columns[j]! < 0) continue;
      const from = (rows[i]! * shape[1] + columns[j]!) * shape[2];
      const to = (i * size[1] + j) * size[2];
      for (let k = 0; k < size[2]; k++) if (line[k]! >= 0) out[to + k] = data[from + line[k]!]!;
    }
  }
  return out;
}
