import { CrlnError } from '@crln/core';
import { type Volume, type VoxelArray, voxelIndex } from './volume.js';

/** File value of each class: `[0, 255]` says that class 1 is 255 in files. The first is background. */
export type LabelTable = readonly number[];

/** A class index must fit 8 bits. */
const MOST_CLASSES = 256;

/**
 * How many voxels a label volume has of each value.
 *
 * @throws `CrlnError` `invalid-data` where a value is not an integer: naming the file, the value, how many such voxels, and the
 * first; or where there are more values than classes can be
 */
export function labelCounts(label: Volume, name: string): Map<number, number> {
  const { data, shape } = label;
  const counts = new Map<number, number>();
  let begin = 0;
  const close = (end: number): void => {
    const value = data[begin]!;
    counts.set(value, (counts.get(value) ?? 0) + end - begin);
  };
  // By runs: neighbours mostly agree.
  for (let n = 1; n < data.length && Number.isInteger(data[begin]); n++) {
    if (data[n] === data[begin]) continue;
    close(n);
    begin = n;
    if (counts.size > MOST_CLASSES) {
      throw new CrlnError(
        'invalid-data',
        `${name}: it has more than ${MOST_CLASSES} different values; this looks like an image, not a label`,
        { name },
      );
    }
  }
  if (!Number.isInteger(data[begin])) {
    const value = data[begin];
    let count = 0;
    for (const v of data) if (!Number.isInteger(v)) count++;
    const voxel = voxelIndex(begin, shape);
    throw new CrlnError(
      'invalid-data',
      `${name}: a label must hold whole numbers, but ${count} of ${data.length} voxels do not, the first (${value}) at [${voxel}]`,
      { name, value, count, first: voxel },
    );
  }
  close(data.length);
  return counts;
}

/** 0 and all values seen, in ascending order. */
export function labelTable(values: Iterable<number>, name = 'labels'): LabelTable {
  const table = [...new Set([0, ...values])].sort((a, b) => a - b);
  if (table[0]! < 0) {
    throw new CrlnError(
      'invalid-data',
      `${name}: the label value ${table[0]} is negative; expected 0 for background and positive values`,
      { value: table[0] },
    );
  }
  if (table.length > MOST_CLASSES) {
    throw new CrlnError(
      'invalid-data',
      `${name}: ${table.length} different label values; at most ${MOST_CLASSES} classes are possible`,
      { count: table.length },
    );
  }
  return table;
}

/**
 * Class index of every voxel.
 *
 * @throws `CrlnError` `invalid-data` where the label has a value that the table has not, naming file, value, count, first voxel
 */
export function labelsToClasses(label: Volume, table: LabelTable, name: string): Uint8Array {
  const counts = labelCounts(label, name);
  const unknown = [...counts.keys()].find((value) => !table.includes(value));
  if (unknown !== undefined) {
    const first = voxelIndex(label.data.indexOf(unknown), label.shape);
    const count = counts.get(unknown);
    throw new CrlnError(
      'invalid-data',
      `${name}: ${count} voxels have the label value ${unknown}, the first at [${first}]; expected one of ${table.join(', ')}`,
      { name, value: unknown, count, first, table },
    );
  }
  const classOf = new Map(table.map((value, index) => [value, index]));
  const { data } = label;
  const out = new Uint8Array(data.length);
  let value = Number.NaN;
  let index = 0;
  for (let n = 0; n < data.length; n++) {
    if (data[n] !== value) {
      value = data[n]!;
      index = classOf.get(value)!;
    }
    out[n] = index;
  }
  return out;
}

/** File values of class indices, in the smallest unsigned type that holds the table. */
export function classesToLabels(classes: ArrayLike<number>, table: LabelTable): VoxelArray {
  const highest = Math.max(...table);
  const out = new (highest < 256 ? Uint8Array : highest < 65536 ? Uint16Array : Uint32Array)(classes.length);
  for (let n = 0; n < classes.length; n++) {
    const value = table[classes[n]!];
    if (value === undefined) {
      throw new CrlnError('invalid-data', `class ${classes[n]} is not in the label table of ${table.length} classes`, {
        value: classes[n],
        table,
      });
    }
    out[n] = value;
  }
  return out;
}
