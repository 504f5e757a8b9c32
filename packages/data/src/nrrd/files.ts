import { refuse } from '../refuse.js';
import type { HeaderLines } from './header.js';

/**
 * The data files that a detached header names, in order; undefined where the voxels follow the header. Each holds the same number of
 * voxels, one after the other.
 *
 * @throws `CrlnError` `file-format` where they do not divide the array among them, or one is named twice
 */
export function dataFiles(
  { fields, list, ended }: HeaderLines,
  sizes: readonly number[],
  name: string,
): string[] | undefined {
  const text = fields['data file'];
  if (text === undefined) {
    if (!ended)
      throw refuse(name, 'it is cut short: its header has no empty line that ends it, and names no data file');
    return undefined;
  }
  const listed = /^LIST(?:\s+(\d+))?$/.exec(text);
  if (listed) {
    assertDivides(list.length, sizes, listed[1], name);
    if (new Set(list).size !== list.length) throw refuse(name, 'its data file LIST names a file twice');
    return list;
  }
  // A pattern: name, first, last, step, and the dimension of what one file holds.
  const words = text.split(/\s+/);
  const numbers = words.slice(1).map(Number);
  if (!words[0]!.includes('%') || numbers.length < 3 || numbers.length > 4 || !numbers.every(Number.isSafeInteger))
    return [text];
  const [first, last, step] = numbers as [number, number, number];
  const place = /^([^%]*)%(0?)(\d{0,2})[diu]([^%]*)$/.exec(words[0]!);
  if (!place || step === 0 || Math.sign(last - first) * step < 0)
    throw refuse(
      name,
      `its data file is '${text}'; expected a name with one %d, its first and last number and a step`,
      { text },
    );
  const count = Math.floor((last - first) / step) + 1;
  assertDivides(count, sizes, words[4], name);
  return Array.from({ length: count }, (_, n) => {
    const number = first + n * step;
    const digits = String(Math.abs(number));
    const sign = number < 0 ? '-' : '';
    const width = Number(place[3]);
    const padded = place[2] ? sign + digits.padStart(width - sign.length, '0') : (sign + digits).padStart(width);
    return place[1] + padded + place[4];
  });
}

/** As many slices as any scan has, and more. */
const MOST_FILES = 2 ** 16;

function assertDivides(count: number, sizes: readonly number[], subdim: string | undefined, name: string): void {
  const dimension = sizes.length;
  const each = subdim === undefined ? dimension - 1 : Number(subdim);
  const rest = sizes.slice(each).reduce((a, b) => a * b, 1);
  // A file of the array's own dimension holds some slices of the last axis.
  const slabs = each === dimension && count > 0 && sizes[dimension - 1]! % count === 0;
  const fits = count === 1 || (count <= MOST_FILES && (slabs || count === rest));
  if (each < 1 || each > dimension || !fits)
    throw refuse(
      name,
      `it has ${count} data files of ${each} dimensions each, which do not make up an array of ${sizes.join('×')}`,
      { files: count, subdim: each, sizes },
    );
}
