import { joined } from '../bytes.js';
import { refuse } from '../refuse.js';
import { type DataSet, type Encoding, readDataSet, readMeta } from './elements.js';
import { TAG } from './tags.js';
import { textOf } from './values.js';

interface Syntax extends Encoding {
  readonly deflated?: boolean;
  readonly rle?: boolean;
}

const IMPLICIT: Syntax = { explicit: false, littleEndian: true };
const EXPLICIT: Syntax = { explicit: true, littleEndian: true };
const SYNTAXES = new Map<string, Syntax>([
  ['1.2.840.10008.1.2', IMPLICIT],
  ['1.2.840.10008.1.2.1', EXPLICIT],
  ['1.2.840.10008.1.2.1.99', { ...EXPLICIT, deflated: true }],
  ['1.2.840.10008.1.2.2', { explicit: true, littleEndian: false }],
  ['1.2.840.10008.1.2.5', { ...EXPLICIT, rle: true }],
]);
/** Compressions that are not undone here, by the last parts of 1.2.840.10008.1.2.4.N, and DCMTK's tool for it. */
const COMPRESSIONS: readonly [pattern: RegExp, name: string, tool?: string][] = [
  [/^50$/, 'JPEG baseline', 'dcmdjpeg'],
  [/^51$/, 'JPEG extended', 'dcmdjpeg'],
  [/^(57|70)$/, 'JPEG lossless', 'dcmdjpeg'],
  [/^8[01]$/, 'JPEG-LS', 'dcmdjpls'],
  [/^9[0-5]$/, 'JPEG 2000'],
  [/^10\d(\.1)?$/, 'MPEG video'],
  [/^11[0-2]$/, 'JPEG XL'],
  [/^20[1-5]$/, 'High-Throughput JPEG 2000'],
];

/** A DICOM file's elements, and how its pixels are laid down. */
export interface DicomContent {
  readonly dataSet: DataSet;
  /** SOP class by the file's own header or else its data set. */
  readonly sopClass: string;
  readonly rle: boolean;
  /** Why its pixel data cannot be read, where that is known. */
  readonly refusal?: string;
}

/** What {@link isDicom} looks at. */
export const HEAD_BYTES = 160;

/** Encoding of a data set without a preamble, which must begin with group 2 or 8 (PS3.10 files' forerunners do). */
function bareEncoding(bytes: Uint8Array): Encoding | undefined {
  if (bytes.length < 16 || bytes[1] !== 0 || bytes[3] !== 0 || (bytes[0] !== 8 && bytes[0] !== 2)) return undefined;
  const vr = String.fromCharCode(bytes[4]!, bytes[5]!);
  if (/^(AE|AS|CS|DA|DT|LO|LT|OB|PN|SH|SQ|ST|TM|UI|UL|UN|US)$/.test(vr)) return EXPLICIT;
  // Such elements are short texts, or a length of four bytes.
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  return length <= 128 && length % 2 === 0 ? IMPLICIT : undefined;
}

/** Whether the first bytes of a file (160 are enough) are those of a DICOM file, with or without its preamble. */
export const isDicom = (head: Uint8Array): boolean =>
  (head.length >= 132 && String.fromCharCode(...head.subarray(128, 132)) === 'DICM') ||
  bareEncoding(head) !== undefined;

/** Deflate can claim a thousandfold of its size. Images do not: beyond these bytes, at most this ratio is inflated. */
const INFLATED_BYTES = 2 ** 26;
const INFLATED_RATIO = 32;

/** Undoes raw deflate as far as it goes; what is missing, the elements tell. */
async function inflate(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw') as TransformStream<Uint8Array, Uint8Array>);
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  const most = Math.max(INFLATED_BYTES, INFLATED_RATIO * bytes.length);
  let total = 0;
  try {
    for (;;) {
      // A padding byte after the deflated data is legal, and an error to the platform's inflater.
      const { done, value } = await reader.read().catch(() => ({ done: true as const, value: undefined }));
      if (done || !value) break;
      parts.push(value);
      total += value.length;
      if (total > most) {
        throw refuse(
          name,
          `its data set of ${bytes.length} bytes inflates to more than ${most}; no image does: the file is damaged`,
          { most },
        );
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return joined(parts);
}

/**
 * The elements of a DICOM file up to its pixel data.
 *
 * @throws `CrlnError` `file-format` with file and reason
 */
export async function readDicomFile(bytes: Uint8Array, name: string): Promise<DicomContent> {
  if (bytes.length === 0) throw refuse(name, 'the file is empty; expected a DICOM file');
  const preamble = bytes.length >= 132 && String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';
  const bare = preamble ? undefined : bareEncoding(bytes);
  if (!preamble && !bare) throw refuse(name, 'this is no DICOM file (no DICM at byte 128)');
  if (bare && bytes[0] === 8) {
    const dataSet = readDataSet(bytes, 0, bare, name);
    return { dataSet, sopClass: textOf(dataSet, TAG.SOPClassUID) ?? '', rle: false };
  }
  const { meta, at } = readMeta(bytes, preamble ? 132 : 0, name);
  const uid = textOf(meta, TAG.TransferSyntaxUID);
  if (uid === undefined) {
    throw refuse(
      name,
      'its header does not say how it is encoded (TransferSyntaxUID (0002,0010) is missing); it is cut short or damaged',
    );
  }
  const compressed = /^1\.2\.840\.10008\.1\.2\.4\.(.+)$/.exec(uid)?.[1];
  const syntax = SYNTAXES.get(uid) ?? (compressed ? EXPLICIT : undefined);
  if (!syntax)
    throw refuse(name, `its transfer syntax ${uid} is not known; convert it to Explicit VR Little Endian`, {
      syntax: uid,
    });
  const inside = syntax.deflated ? await inflate(bytes.subarray(at), name) : bytes;
  const dataSet = readDataSet(inside, syntax.deflated ? 0 : at, syntax, name);
  const sopClass = textOf(meta, TAG.MediaStorageSOPClassUID) ?? textOf(dataSet, TAG.SOPClassUID) ?? '';
  if (!compressed) return { dataSet, sopClass, rle: syntax.rle === true };
  const [, compression, tool] = COMPRESSIONS.find(([pattern]) => pattern.test(compressed)) ?? [
    /$/,
    'an unknown method',
  ];
  return {
    dataSet,
    sopClass,
    rle: false,
    refusal: `its pixels are compressed by ${compression} (transfer syntax ${uid}), which is not read; decompress it first: gdcmconv --raw IN OUT${tool ? ` or ${tool} IN OUT` : ''}`,
  };
}
