import { CrlnError } from '@crln/core';
import type { ByteStream } from '../bytes.js';
import { refuse } from '../refuse.js';

/** What a NRRD file says beyond its voxels (https://teem.sourceforge.net/nrrd/format.html), for writing it back. */
export interface NrrdHeader {
  readonly format: 'nrrd';
  /** Whether the file says how large its voxels are; otherwise they were taken to be 1 mm. */
  readonly spacingStored: boolean;
  /**
   * The fields by their names as the format has them (`space`, `space directions`, `measurement frame`, `content` …), as text, without
   * those that say how the voxels are stored, and without axes that were left out.
   */
  readonly fields: Readonly<Record<string, string>>;
  /** The `key:=value` lines. */
  readonly keyValues: Readonly<Record<string, string>>;
  /** The lines behind `#`. */
  readonly comments: readonly string[];
}

/** Fields with an entry for each axis, and what an axis gets that is none of space's. */
export const AXIS_FIELDS: Readonly<Record<string, string>> = {
  'space directions': 'none',
  kinds: 'list',
  spacings: 'nan',
  thicknesses: 'nan',
  'axis mins': 'nan',
  'axis maxs': 'nan',
  centers: '???',
  labels: '""',
  units: '""',
};

/** Fields that are of the whole array and are written back. */
const BASIC_FIELDS = [
  'space',
  'space dimension',
  'space origin',
  'space units',
  'measurement frame',
  'content',
  'min',
  'max',
  'old min',
  'old max',
  'sample units',
] as const;

/** Fields of how the voxels are stored. */
const STORAGE_FIELDS = [
  'type',
  'dimension',
  'sizes',
  'encoding',
  'endian',
  'block size',
  'data file',
  'line skip',
  'byte skip',
  'number',
] as const;

/** Names may be written without their blanks, and in any case. */
const squeezed = (name: string): string => name.replace(/\s+/g, '').toLowerCase();
const NAMES = new Map(
  [...Object.keys(AXIS_FIELDS), ...BASIC_FIELDS, ...STORAGE_FIELDS].map((name) => [squeezed(name), name]),
).set('centerings', 'centers');

/** A header with more bytes is none. */
const MOST_BYTES = 2 ** 20;
const MAGIC = /^NRRD(?:00\.01|000[1-5])$/;

/** A header's lines, sorted into what they are. */
export interface HeaderLines {
  /** By the format's names. */
  fields: Record<string, string>;
  keyValues: Record<string, string>;
  comments: string[];
  /** The names that follow `data file: LIST`. */
  list: string[];
  /** Whether an empty line ends the header: voxels may follow. */
  ended: boolean;
}

/** Where the empty line begins that ends a header, and where what follows it does. */
function endOf(bytes: Uint8Array): { text: number; data: number } | undefined {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return { text: at + 1, data: at + 2 };
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return { text: at + 1, data: at + 3 };
  }
  return undefined;
}

/** UTF-8, or where it is none, one character a byte. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

/** Takes the header from the beginning of a stream, which then stands at the voxels, where they follow. */
export async function takeHeader(stream: ByteStream): Promise<HeaderLines> {
  const { name } = stream;
  let head: Uint8Array;
  let end: ReturnType<typeof endOf>;
  for (let count = 2 ** 12; ; count *= 2) {
    head = await stream.peek(count);
    if (!String.fromCharCode(...head.subarray(0, 4)).startsWith('NRRD'))
      throw refuse(name, 'this is no NRRD file (it does not begin with NRRD)');
    end = endOf(head);
    if (end || head.length < count) break;
    if (count >= MOST_BYTES) throw refuse(name, `its header has no end in ${MOST_BYTES} bytes`);
  }
  const lines = linesOf(textOf(head.subarray(0, end?.text)).split(/\r?\n/), name);
  await stream.skip(end?.data ?? head.length);
  return { ...lines, ended: end !== undefined };
}

function linesOf([magic = '', ...lines]: string[], name: string): Omit<HeaderLines, 'ended'> {
  if (!MAGIC.test(magic.trimEnd()))
    throw refuse(name, `its first line is ${JSON.stringify(magic.slice(0, 40))}; expected NRRD0001 to NRRD0005`);
  const fields = new Map<string, string>();
  const keyValues: [string, string][] = [];
  const comments: string[] = [];
  const list: string[] = [];
  for (const line of lines) {
    if (fields.get('data file')?.startsWith('LIST')) {
      if (line.trim() !== '') list.push(line.trim());
      continue;
    }
    if (line.startsWith('#')) comments.push(line.slice(1));
    else if (line.trim() !== '') {
      const [, own = '', text = ''] = /^([^:]*):(?!=)(.*)$/.exec(line) ?? [];
      const field = NAMES.get(squeezed(own));
      const pair = /^(.+?):=(.*)$/.exec(line);
      if (field !== undefined) {
        if (fields.has(field)) throw refuse(name, `its header has the field '${field}' twice`, { field });
        fields.set(field, text.trim());
      } else if (pair) keyValues.push([unescaped(pair[1]!), unescaped(pair[2]!)]);
      // A field of nobody's: kept as a pair, which every program may have of its own.
      else if (own.trim() !== '') keyValues.push([own.trim(), text.trim()]);
      else
        throw refuse(
          name,
          `its header has the line ${JSON.stringify(line.slice(0, 80))}; expected 'field: value' or 'key:=value'`,
        );
    }
  }
  return { fields: Object.fromEntries(fields), keyValues: Object.fromEntries(keyValues), comments, list };
}

const unescaped = (text: string): string =>
  text.replace(/\\(n|\\)/g, (_, letter: string) => (letter === 'n' ? '\n' : '\\'));
const escaped = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

const MOST_ENTRIES = 2 ** 13;

/** The entries of a field that has one for each axis: vectors, quoted texts, or words. */
export function axisEntries(field: string, text: string): string[] {
  const entry =
    field === 'space directions'
      ? /\([^()]*\)|[^\s(]+/g
      : field === 'labels' || field === 'units'
        ? /"(?:[^"\\]|\\.)*"|[^\s"]+/g
        : /\S+/g;
  // Longer than any header's, and than looking for its quotes should take.
  return text.length > MOST_ENTRIES ? [] : (text.match(entry) ?? []);
}

/** What is kept of a header for writing it back, of the axes that stay. */
export function keptFields(
  { fields }: HeaderLines,
  dimension: number,
  axes: readonly number[],
  name: string,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [field, text] of Object.entries(fields)) {
    if (BASIC_FIELDS.some((basic) => basic === field)) kept[field] = text;
    if (!Object.hasOwn(AXIS_FIELDS, field)) continue;
    const entries = axisEntries(field, text);
    if (entries.length !== dimension)
      throw refuse(name, `its ${field} are '${text.slice(0, 80)}'; expected ${dimension}, one for each axis`, {
        field,
      });
    kept[field] = axes.map((axis) => entries[axis]).join(' ');
  }
  return kept;
}

/** The header of a volume that has got other values: without what was said of the old ones. */
export function withoutValues(header: NrrdHeader): NrrdHeader {
  const { min: _0, max: _1, 'old min': _2, 'old max': _3, 'sample units': _4, ...fields } = header.fields;
  return { ...header, fields };
}

/** A header's bytes, up to and with the empty line. @throws `CrlnError` `invalid-data` for a key that no line can have */
export function encodeLines({
  fields,
  keyValues,
  comments,
}: Pick<NrrdHeader, 'fields' | 'keyValues' | 'comments'>): Uint8Array {
  const frame = fields['measurement frame'] === undefined ? 4 : 5;
  const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');
  const lines = [`NRRD000${frame}`, ...comments.map((text) => `#${oneLine(text)}`)];
  for (const [field, text] of Object.entries(fields)) lines.push(`${field}: ${oneLine(text)}`);
  for (const [key, value] of Object.entries(keyValues)) {
    if (/^#|^\s*$|:=|: |:$/.test(key))
      throw new CrlnError(
        'invalid-data',
        `header.keyValues: the key ${JSON.stringify(key)} cannot be written to NRRD; it must not be empty, begin with # or have a colon before a blank, = or its end`,
        { key },
      );
    lines.push(`${escaped(key)}:=${escaped(value)}`);
  }
  return new TextEncoder().encode(`${lines.join('\n')}\n\n`);
}
