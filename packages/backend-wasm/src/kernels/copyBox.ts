import type { Numbers } from './typedArrays.js';

/** Rows up to this length are copied element by element: the call of a typed array's `set` costs as much. */
const SHORT_ROW = 32;

/** A box inside an array: where it begins, in an array of which shape. */
export interface Place {
  values: Numbers;
  shape: readonly number[];
  begin: readonly number[];
}

/** Copies a box of `size` from one array to another. What slicing, padding, concatenating and splitting are made of. */
export function copyBox(from: Place, to: Place, size: readonly number[]): void {
  // Axes that the box fills in both arrays join the axis before them: rows become as long as they can be.
  const counts: number[] = [];
  const fromSteps: number[] = [];
  const toSteps: number[] = [];
  let source = 0;
  let target = 0;
  let [fromStride, toStride] = [1, 1];
  let joined = true;
  for (let i = size.length - 1; i >= 0; i--) {
    source += from.begin[i]! * fromStride;
    target += to.begin[i]! * toStride;
    if (joined && counts.length > 0) counts[counts.length - 1]! *= size[i]!;
    else {
      counts.push(size[i]!);
      fromSteps.push(fromStride);
      toSteps.push(toStride);
    }
    joined = size[i] === from.shape[i] && size[i] === to.shape[i];
    fromStride *= from.shape[i]!;
    toStride *= to.shape[i]!;
  }
  const row = counts[0] ?? 1;
  const rows = counts.slice(1).reduce((a, b) => a * b, 1);
  if (row === 0) return;
  const position = new Array<number>(counts.length).fill(0);
  for (let r = 0; r < rows; r++) {
    copyRow(from.values, source, to.values, target, row);
    for (let k = 1; k < counts.length; k++) {
      source += fromSteps[k]!;
      target += toSteps[k]!;
      position[k]!++;
      if (position[k]! < counts[k]!) break;
      source -= fromSteps[k]! * counts[k]!;
      target -= toSteps[k]! * counts[k]!;
      position[k] = 0;
    }
  }
}

/** Copies `count` neighbouring elements. */
export function copyRow(from: Numbers, source: number, to: Numbers, target: number, count: number): void {
  if (count > SHORT_ROW) to.set(from.subarray(source, source + count), target);
  else for (let i = 0; i < count; i++) to[target + i] = from[source + i]!;
}
