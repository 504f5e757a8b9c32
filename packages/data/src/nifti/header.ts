/** The fixed part of a NIfTI-1 or NIfTI-2 file under its own field names (https://nifti.nimh.nih.gov), camel-cased. */
export interface NiftiHeader {
  readonly format: 'nifti';
  readonly version: 1 | 2;
  readonly dimInfo: number;
  readonly dim: readonly number[];
  readonly intentP: readonly number[];
  readonly intentCode: number;
  readonly datatype: number;
  readonly bitpix: number;
  readonly sliceStart: number;
  readonly sliceEnd: number;
  readonly sliceCode: number;
  readonly sliceDuration: number;
  readonly pixdim: readonly number[];
  readonly voxOffset: number;
  readonly sclSlope: number;
  readonly sclInter: number;
  readonly xyztUnits: number;
  readonly calMax: number;
  readonly calMin: number;
  readonly toffset: number;
  readonly descrip: string;
  readonly auxFile: string;
  readonly qformCode: number;
  readonly sformCode: number;
  /** b, c, d of the unit quaternion. */
  readonly quatern: readonly number[];
  readonly qoffset: readonly number[];
  /** The rows srow_x, srow_y, srow_z. */
  readonly srow: readonly number[];
  readonly intentName: string;
  readonly magic: string;
}

type FieldName = Exclude<keyof NiftiHeader, 'format' | 'version'>;
type FieldType = 'u8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'text';
/** Type, byte offset, and how many: absent is one number, otherwise a list (or the bytes of a text). */
type Field = readonly [type: FieldType, offset: number, count?: number];

const NIFTI_1: Readonly<Record<FieldName, Field>> = {
  dimInfo: ['u8', 39],
  dim: ['i16', 40, 8],
  intentP: ['f32', 56, 3],
  intentCode: ['i16', 68],
  datatype: ['i16', 70],
  bitpix: ['i16', 72],
  sliceStart: ['i16', 74],
  pixdim: ['f32', 76, 8],
  voxOffset: ['f32', 108],
  sclSlope: ['f32', 112],
  sclInter: ['f32', 116],
  sliceEnd: ['i16', 120],
  sliceCode: ['u8', 122],
  xyztUnits: ['u8', 123],
  calMax: ['f32', 124],
  calMin: ['f32', 128],
  sliceDuration: ['f32', 132],
  toffset: ['f32', 136],
  descrip: ['text', 148, 80],
  auxFile: ['text', 228, 24],
  qformCode: ['i16', 252],
  sformCode: ['i16', 254],
  quatern: ['f32', 256, 3],
  qoffset: ['f32', 268, 3],
  srow: ['f32', 280, 12],
  intentName: ['text', 328, 16],
  magic: ['text', 344, 4],
};

const NIFTI_2: Readonly<Record<FieldName, Field>> = {
  magic: ['text', 4, 8],
  datatype: ['i16', 12],
  bitpix: ['i16', 14],
  dim: ['i64', 16, 8],
  intentP: ['f64', 80, 3],
  pixdim: ['f64', 104, 8],
  voxOffset: ['i64', 168],
  sclSlope: ['f64', 176],
  sclInter: ['f64', 184],
  calMax: ['f64', 192],
  calMin: ['f64', 200],
  sliceDuration: ['f64', 208],
  toffset: ['f64', 216],
  sliceStart: ['i64', 224],
  sliceEnd: ['i64', 232],
  descrip: ['text', 240, 80],
  auxFile: ['text', 320, 24],
  qformCode: ['i32', 344],
  sformCode: ['i32', 348],
  quatern: ['f64', 352, 3],
  qoffset: ['f64', 376, 3],
  srow: ['f64', 400, 12],
  sliceCode: ['i32', 496],
  xyztUnits: ['i32', 500],
  intentCode: ['i32', 504],
  intentName: ['text', 508, 16],
  dimInfo: ['u8', 524],
};

const SIZES: Readonly<Record<FieldType, number>> = { u8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8, text: 1 };
/** `sizeof_hdr`, which also tells version and byte order. */
export const HEADER_BYTES = { 1: 348, 2: 540 } as const;
/** Where voxels may start: the header and four bytes that announce extensions. */
export const FIRST_VOXEL_BYTE = { 1: 352, 2: 544 } as const;
export const MAGIC = { 1: 'n+1', 2: 'n+2\0\r\n\x1a\n' } as const;
/** Of a header whose voxels are in another file. */
export const PAIR_MAGIC = { 1: 'ni1', 2: 'ni2\0\r\n\x1a\n' } as const;

/** Version and byte order by `sizeof_hdr`; undefined where these bytes begin no NIfTI header. */
export function detectNifti(bytes: Uint8Array): { version: 1 | 2; littleEndian: boolean } | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const littleEndian of [true, false]) {
    const size = view.getInt32(0, littleEndian);
    if (size === HEADER_BYTES[1]) return { version: 1, littleEndian };
    if (size === HEADER_BYTES[2]) return { version: 2, littleEndian };
  }
  return undefined;
}

/** Whether the bytes at a file's beginning are a single NIfTI file's or a pair's header; undefined where they are neither's. */
export function niftiForm(bytes: Uint8Array): 'single' | 'pair' | undefined {
  const found = detectNifti(bytes);
  if (!found || bytes.length < HEADER_BYTES[found.version]) return undefined;
  const { magic } = decodeHeader(bytes, found.version, found.littleEndian);
  return magic === MAGIC[found.version] ? 'single' : magic === PAIR_MAGIC[found.version] ? 'pair' : undefined;
}

/** Reads the fields as they are; `bytes` holds at least `HEADER_BYTES[version]`. Checks nothing. */
export function decodeHeader(bytes: Uint8Array, version: 1 | 2, littleEndian: boolean): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (type: FieldType, at: number): number => {
    switch (type) {
      case 'i16':
        return view.getInt16(at, littleEndian);
      case 'i32':
        return view.getInt32(at, littleEndian);
      case 'i64':
        return Number(view.getBigInt64(at, littleEndian));
      case 'f32':
        return view.getFloat32(at, littleEndian);
      case 'f64':
        return view.getFloat64(at, littleEndian);
      default:
        return view.getUint8(at);
    }
  };
  const header: Record<string, unknown> = { format: 'nifti', version };
  for (const [name, [type, offset, count]] of Object.entries(version === 1 ? NIFTI_1 : NIFTI_2)) {
    if (type === 'text') {
      // Byte by byte, not as UTF-8, so that whatever is there is written back unchanged.
      header[name] = String.fromCharCode(...bytes.subarray(offset, offset + count!)).replace(/\0+$/, '');
    } else {
      header[name] =
        count === undefined
          ? number(type, offset)
          : Array.from({ length: count }, (_, n) => number(type, offset + n * SIZES[type]));
    }
  }
  return header as unknown as NiftiHeader;
}

/** The header's bytes, little-endian, with the four bytes after it that say "no extensions". */
export function encodeHeader(header: NiftiHeader): Uint8Array {
  const bytes = new Uint8Array(FIRST_VOXEL_BYTE[header.version]);
  const view = new DataView(bytes.buffer);
  const put = (type: FieldType, at: number, value: number): void => {
    if (type === 'i16') view.setInt16(at, value, true);
    else if (type === 'i32') view.setInt32(at, value, true);
    else if (type === 'i64') view.setBigInt64(at, BigInt(value), true);
    else if (type === 'f32') view.setFloat32(at, value, true);
    else if (type === 'f64') view.setFloat64(at, value, true);
    else view.setUint8(at, value);
  };
  view.setInt32(0, HEADER_BYTES[header.version], true);
  for (const [name, [type, offset, count]] of Object.entries(header.version === 1 ? NIFTI_1 : NIFTI_2)) {
    const value = header[name as FieldName];
    if (typeof value === 'string') {
      for (let n = 0; n < Math.min(value.length, count!); n++) bytes[offset + n] = value.charCodeAt(n);
    } else if (typeof value === 'number') put(type, offset, value);
    else for (const [n, item] of value.entries()) put(type, offset + n * SIZES[type], item);
  }
  return bytes;
}
