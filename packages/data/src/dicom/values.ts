import { refuse } from '../refuse.js';
import type { DataSet } from './elements.js';
import { tagName } from './tags.js';

/** An element longer than this is no text of interest. */
const LONGEST_TEXT = 1024;

/** Text of an element without its padding; undefined where it is absent or empty. */
export function textOf({ elements, bytes }: DataSet, tag: number): string | undefined {
  const element = elements.get(tag);
  if (!element || element.items || element.fragments) return undefined;
  const value = bytes.subarray(element.offset, element.offset + Math.min(element.length, LONGEST_TEXT));
  let text = '';
  for (const code of value) text += code >= 32 && code !== 127 ? String.fromCharCode(code) : code === 0 ? '' : ' ';
  return text.trim() || undefined;
}

/**
 * The numbers of a decimal or integer string, `count` of them; undefined where the element is absent or empty.
 *
 * @throws `CrlnError` `file-format` for another number of them, or one that is none
 */
export function decimalsOf(dataSet: DataSet, tag: number, count: number): number[] | undefined {
  const text = textOf(dataSet, tag);
  if (text === undefined) return undefined;
  const values = text
    .split('\\')
    .map((part) => (/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(part) ? Number(part) : Number.NaN));
  if (values.length !== count || !values.every(Number.isFinite)) {
    throw refuse(
      dataSet.name,
      `${tagName(tag)} is '${text.slice(0, 120)}'; expected ${count === 1 ? 'a number' : `${count} numbers`}`,
      {
        tag: tagName(tag),
      },
    );
  }
  return values;
}

/** A 16-bit whole number; undefined where the element is absent or empty. */
export function wholeOf(dataSet: DataSet, tag: number): number | undefined {
  const element = dataSet.elements.get(tag);
  if (!element || element.length === 0) return undefined;
  if (element.length !== 2 || element.items || element.fragments) {
    throw refuse(dataSet.name, `${tagName(tag)} is ${element.length} bytes long; expected 2`, { tag: tagName(tag) });
  }
  return dataSet.view.getUint16(element.offset, dataSet.littleEndian);
}

/** The first item of a sequence, if it is there. */
export const itemOf = (dataSet: DataSet | undefined, tag: number): DataSet | undefined =>
  dataSet?.elements.get(tag)?.items?.[0];
