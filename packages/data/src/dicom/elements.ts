import type { CrlnError } from '@crln/core';
import { refuse } from '../refuse.js';
import { TAG, tagName } from './tags.js';

// Ours rather than dicom-parser 1.8: that one requires Node's zlib (the root entry must load in a browser as it is), overflows the stack
// on nested sequences, throws strings and takes an unterminated element for a whole one. dcmjs brings over 10 MB of packages;
// @niivue/dcm2niix runs in a browser's Worker only, and tells a console why it refuses.

/** How the elements of a data set are laid down. */
export interface Encoding {
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}

interface Element {
  /** Two letters; empty where the encoding does not say. */
  readonly vr: string;
  /** Where the value lies; `length` is that of all fragments together where there are fragments. */
  readonly offset: number;
  readonly length: number;
  /** Items of a sequence that was read. */
  readonly items?: readonly DataSet[];
  /** [offset, length] of each fragment of encapsulated pixel data, after the offset table. */
  readonly fragments?: readonly (readonly [number, number])[];
}

/** Elements by tag, and the bytes that they point into. */
export interface DataSet {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
  readonly elements: ReadonlyMap<number, Element>;
}

const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
/** Real files nest up to five. */
const DEEPEST = 16;
/** Value representations whose length has 32 bits. */
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
/** Sequences that are looked into; any other of known length is stepped over. */
const WANTED: ReadonlySet<number> = new Set([
  TAG.SharedFunctionalGroupsSequence,
  TAG.PerFrameFunctionalGroupsSequence,
  TAG.PixelMeasuresSequence,
  TAG.PlanePositionSequence,
  TAG.PlaneOrientationSequence,
  TAG.PixelValueTransformationSequence,
]);

interface Source extends Encoding {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const tagAt = ({ view, littleEndian }: Source, at: number): number =>
  view.getUint16(at, littleEndian) * 65536 + view.getUint16(at + 2, littleEndian);

const cut = (source: Source, at: number, what: string): CrlnError =>
  refuse(
    source.name,
    `the file ends at byte ${source.bytes.length} inside ${what} that begins at byte ${at}; it is cut short or damaged`,
    {
      at,
    },
  );

/** Tag, type and length of the element at `at`, checked against `end`; `value` is where its value begins. */
function elementHead(source: Source, at: number, end: number) {
  if (at + 8 > end) throw cut(source, at, 'an element');
  const { view, littleEndian } = source;
  const tag = tagAt(source, at);
  let vr = '';
  let value = at + 8;
  let length: number;
  if (source.explicit && tag < 0xfffe0000) {
    vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
    if (!/^[A-Z]{2}$/.test(vr)) {
      throw refuse(
        source.name,
        `at byte ${at}, ${tagName(tag)} has no value representation of two letters; the file is damaged`,
        {
          at,
        },
      );
    }
    if (LONG.has(vr)) {
      value = at + 12;
      if (value > end) throw cut(source, at, tagName(tag));
      length = view.getUint32(at + 8, littleEndian);
    } else length = view.getUint16(at + 6, littleEndian);
  } else length = view.getUint32(at + 4, littleEndian);
  if (length !== UNDEFINED && length > end - value) {
    throw refuse(
      source.name,
      `${tagName(tag)} at byte ${at} is said to be ${length} bytes long, but ${end - value} are left; the file is cut short or damaged`,
      { at, length, left: end - value },
    );
  }
  return { tag, vr, value, length };
}

function sequence(source: Source, from: number, length: number, end: number, depth: number, tag: number) {
  if (depth > DEEPEST) {
    throw refuse(source.name, `its sequences are nested deeper than ${DEEPEST} (at byte ${from}); the file is damaged`);
  }
  const items: DataSet[] = [];
  const stop = length === UNDEFINED ? end : from + length;
  let at = from;
  while (at < stop) {
    const head = elementHead(source, at, stop);
    if (head.tag === SEQUENCE_END && length === UNDEFINED) return { items, at: head.value };
    if (head.tag !== ITEM) {
      throw refuse(
        source.name,
        `at byte ${at}, inside ${tagName(tag)}, there is ${tagName(head.tag)} in place of an item`,
        { at },
      );
    }
    const open = head.length === UNDEFINED;
    const read = dataSetAt(source, head.value, open ? stop : head.value + head.length, depth, open);
    items.push(read.dataSet);
    at = read.at;
  }
  if (length === UNDEFINED) throw cut(source, from, `the sequence ${tagName(tag)}, which has no end,`);
  return { items, at };
}

/** Encapsulated pixel data: an offset table, then fragments. */
function fragmentsAt(source: Source, from: number, end: number) {
  const all: [number, number][] = [];
  let total = 0;
  for (let at = from; at < end; ) {
    const { tag, value, length } = elementHead(source, at, end);
    if (tag === SEQUENCE_END) return { fragments: all.slice(1), total: total - (all[0]?.[1] ?? 0), at: value };
    if (tag !== ITEM || length === UNDEFINED) {
      throw refuse(
        source.name,
        `at byte ${at}, inside the pixel data, there is ${tagName(tag)} in place of a fragment`,
        { at },
      );
    }
    all.push([value, length]);
    total += length;
    at = value + length;
  }
  throw cut(source, from, 'the pixel data, which has no end,');
}

function dataSetAt(
  source: Source,
  from: number,
  end: number,
  depth: number,
  open: boolean,
): { dataSet: DataSet; at: number } {
  const elements = new Map<number, Element>();
  const { name, bytes, view, littleEndian } = source;
  const dataSet = { name, bytes, view, littleEndian, elements };
  let at = from;
  while (at < end) {
    const { tag, vr, value, length } = elementHead(source, at, end);
    if (open && tag === ITEM_END) return { dataSet, at: value };
    if (tag >= 0xfffe0000) throw refuse(name, `at byte ${at}, there is ${tagName(tag)} in place of an element`, { at });
    if (tag === TAG.PixelData && length === UNDEFINED) {
      const { fragments, total, at: after } = fragmentsAt(source, value, end);
      elements.set(tag, { vr, offset: value, length: total, fragments });
      at = after;
    } else if (length === UNDEFINED || (WANTED.has(tag) && (vr === 'SQ' || vr === ''))) {
      // Of unknown type and length: always in the implicit little-endian encoding (PS3.5 6.2.2).
      const inside = vr === 'UN' ? { ...source, explicit: false, littleEndian: true } : source;
      const { items, at: after } = sequence(inside, value, length, end, depth + 1, tag);
      elements.set(tag, { vr, offset: value, length: after - value, items });
      at = after;
    } else {
      elements.set(tag, { vr, offset: value, length });
      at = value + length;
    }
    // What may follow (padding, signatures) is of no use here.
    if (tag === TAG.PixelData && depth === 0) return { dataSet, at };
  }
  if (open) throw cut(source, from, 'an item, which has no end,');
  return { dataSet, at };
}

/**
 * The elements from byte `from` to the pixel data, or to the end. Every length is checked against what is there; nothing is copied.
 *
 * @throws `CrlnError` `file-format` naming file and byte where the data end early or make no sense
 */
export function readDataSet(bytes: Uint8Array, from: number, encoding: Encoding, name: string): DataSet {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return dataSetAt({ bytes, view, name, ...encoding }, from, bytes.length, 0, false).dataSet;
}

/** The group-2 elements from byte `from`, and where they end. Always explicit and little-endian. */
export function readMeta(bytes: Uint8Array, from: number, name: string): { meta: DataSet; at: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const source = { bytes, view, name, explicit: true, littleEndian: true };
  const elements = new Map<number, Element>();
  let at = from;
  while (at + 8 <= bytes.length && view.getUint16(at, true) === 2) {
    const { tag, vr, value, length } = elementHead(source, at, bytes.length);
    if (length === UNDEFINED)
      throw refuse(name, `${tagName(tag)} at byte ${at} has no length; the file is damaged`, { at });
    elements.set(tag, { vr, offset: value, length });
    at = value + length;
  }
  return { meta: { name, bytes, view, littleEndian: true, elements }, at };
}
